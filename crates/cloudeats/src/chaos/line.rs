//! A lossy line: a network of its own, in which every packet may be lost, late, doubled or overtaken.
//!
//! It is one TUN device in a network namespace that nobody else is in. Whatever is sent to the other end
//! comes to us; we swap sender and receiver, which changes no checksum, and hand it back: a connection
//! to the other end arrives here, at whoever listens. In between, packets are ours.

#[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "there is no line elsewhere"))]
mod fate;
#[cfg(target_os = "linux")]
mod tun;

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context;
use tokio::io::copy_bidirectional;
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::task::TaskTracker;

pub(super) use self::fate::Weather;

/// Both ends of a connection over the line, not yet in any runtime.
type Ends = (std::net::TcpStream, std::net::TcpStream);
type Ask = oneshot::Sender<io::Result<Ends>>;

/// The line, for as long as this lives.
#[derive(Debug)]
pub(super) struct Line {
    asks: mpsc::UnboundedSender<Ask>,
    air: Arc<Air>,
}

/// What the packets go through.
#[derive(Debug)]
struct Air {
    weather: watch::Sender<Weather>,
    sent: AtomicU64,
    lost: AtomicU64,
    doubled: AtomicU64,
    overtaken: AtomicU64,
}

/// What has become of packets so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) sent: u64,
    pub(super) lost: u64,
    pub(super) doubled: u64,
    /// Those that a later one came before.
    pub(super) overtaken: u64,
}

impl Line {
    /// Opens a calm line; `seed` decides which packets meet with what when it is not.
    pub(super) async fn open(seed: u64) -> anyhow::Result<Self> {
        let (asks, asked) = mpsc::unbounded_channel();
        let air = Arc::new(Air {
            weather: watch::Sender::new(Weather::default()),
            sent: AtomicU64::new(0),
            lost: AtomicU64::new(0),
            doubled: AtomicU64::new(0),
            overtaken: AtomicU64::new(0),
        });
        start(seed, air.clone(), asked).await?;
        Ok(Self { asks, air })
    }

    /// From now on.
    pub(super) fn set(&self, weather: Weather) {
        self.air.weather.send_replace(weather);
    }

    pub(super) fn counts(&self) -> Counts {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let Air { sent, lost, doubled, overtaken, .. } = &*self.air;
        Counts { sent: of(sent), lost: of(lost), doubled: of(doubled), overtaken: of(overtaken) }
    }

    /// A connection to a port of this machine that leads over the line.
    pub(super) async fn lead(&self, port: u16) -> io::Result<TcpStream> {
        let (ask, answer) = oneshot::channel();
        let closed = || io::Error::from(io::ErrorKind::NetworkDown);
        self.asks.send(ask).map_err(|_line_is_gone| closed())?;
        let (near, far) = answer.await.map_err(|_line_is_gone| closed())??;
        let mut server = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
        let (near, mut far) = (TcpStream::from_std(near)?, TcpStream::from_std(far)?);
        for stream in [&near, &far, &server] {
            stream.set_nodelay(true)?;
        }
        TaskTracker::new().spawn(async move {
            let _broken = copy_bidirectional(&mut far, &mut server).await;
        });
        Ok(near)
    }
}

/// A thread of its own has a network of its own.
#[cfg(target_os = "linux")]
async fn start(
    seed: u64,
    air: Arc<Air>,
    asked: mpsc::UnboundedReceiver<Ask>,
) -> anyhow::Result<()> {
    let (open, opened) = oneshot::channel();
    std::thread::Builder::new()
        .name("line".to_owned())
        .spawn(move || tun::serve(seed, air, asked, open))
        .context("no thread for the line")?;
    opened.await.context("the line broke down")?
}

#[cfg(not(target_os = "linux"))]
async fn start(_: u64, _: Arc<Air>, _: mpsc::UnboundedReceiver<Ask>) -> anyhow::Result<()> {
    Err(anyhow::anyhow!("not here")).context("only Linux has network namespaces")
}
