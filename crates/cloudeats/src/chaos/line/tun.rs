//! The device, and who hands packets back to it.

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context;
use futures::future::try_join;
use nix::sched::{CloneFlags, unshare};
use rand::SeedableRng;
use rand::rngs::StdRng;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{mpsc, oneshot};
use tokio_tun::Tun;
use tokio_util::task::TaskTracker;

use super::fate::{Fate, reflect};
use super::{Air, Ask, Ends};

const HERE: Ipv4Addr = Ipv4Addr::new(10, 99, 0, 1);
const THERE: Ipv4Addr = Ipv4Addr::new(10, 99, 0, 2);
const NET: Ipv4Addr = Ipv4Addr::new(255, 255, 255, 0);
const PACKET_BYTES: usize = 1500;

/// Serves the line until nobody can ask for connections any more.
pub(super) fn serve(
    seed: u64,
    air: Arc<Air>,
    asked: mpsc::UnboundedReceiver<Ask>,
    open: oneshot::Sender<anyhow::Result<()>>,
) {
    match apart() {
        Ok(runtime) => runtime.block_on(answer(seed, air, asked, open)),
        Err(error) => {
            let _nobody_waits = open.send(Err(error));
        }
    }
}

/// A runtime in a network that is this thread's own: the machine's is not touched.
fn apart() -> anyhow::Result<Runtime> {
    unshare(CloneFlags::CLONE_NEWNET).context("no network namespace")?;
    Ok(Builder::new_current_thread().enable_all().build()?)
}

async fn answer(
    seed: u64,
    air: Arc<Air>,
    mut asked: mpsc::UnboundedReceiver<Ask>,
    open: oneshot::Sender<anyhow::Result<()>>,
) {
    let device = match device() {
        Ok(device) => device,
        Err(error) => {
            let _nobody_waits = open.send(Err(error));
            return;
        }
    };
    let tasks = TaskTracker::new();
    tasks.spawn(relay(Arc::new(device), air, seed));
    let _nobody_waits = open.send(Ok(()));
    while let Some(ask) = asked.recv().await {
        tasks.spawn(async move {
            let _nobody_waits = ask.send(ends().await);
        });
    }
}

fn device() -> anyhow::Result<Tun> {
    let device = Tun::builder().address(HERE).netmask(NET).up().build();
    let queue = device.context("no TUN device")?.into_iter().next();
    queue.context("a TUN device without a queue")
}

/// A connection to the other end, and what arrives here for it.
async fn ends() -> io::Result<Ends> {
    let listener = TcpListener::bind((HERE, 0)).await?;
    let port = listener.local_addr()?.port();
    let (near, (far, _)) = try_join(TcpStream::connect((THERE, port)), listener.accept()).await?;
    Ok((near.into_std()?, far.into_std()?))
}

/// Hands every packet back, as its fate will have it.
async fn relay(tun: Arc<Tun>, air: Arc<Air>, seed: u64) {
    let mut dice = StdRng::seed_from_u64(seed);
    let (tasks, newest) = (TaskTracker::new(), Arc::new(AtomicU64::new(0)));
    let mut buffer = vec![0; PACKET_BYTES];
    let mut nth = 0;
    while let Ok(length) = tun.recv(&mut buffer).await {
        let Some(packet) = buffer.get_mut(..length).filter(|it| !it.is_empty()) else { continue };
        if !reflect(packet) {
            continue;
        }
        nth += 1;
        let fate = Fate::draw(&mut dice, *air.weather.borrow());
        air.count(fate);
        let (tun, air, newest) = (tun.clone(), air.clone(), newest.clone());
        let packet = packet.to_vec();
        match (fate.once, fate.again) {
            (None, _) => {}
            (Some(Duration::ZERO), None) => deliver(&tun, &packet, nth, &air, &newest).await,
            (Some(once), again) => {
                tasks.spawn(async move {
                    tokio::time::sleep(once).await;
                    deliver(&tun, &packet, nth, &air, &newest).await;
                    if let Some(again) = again {
                        tokio::time::sleep(again).await;
                        let _device_gone = tun.send(&packet).await;
                    }
                });
            }
        }
    }
}

async fn deliver(tun: &Tun, packet: &[u8], nth: u64, air: &Air, newest: &AtomicU64) {
    if newest.fetch_max(nth, Ordering::Relaxed) > nth {
        air.overtaken.fetch_add(1, Ordering::Relaxed);
    }
    let _device_gone = tun.send(packet).await;
}

impl Air {
    fn count(&self, fate: Fate) {
        let counters = [
            (&self.sent, true),
            (&self.lost, fate.once.is_none()),
            (&self.doubled, fate.again.is_some()),
        ];
        for (counter, _) in counters.into_iter().filter(|(_, counts)| *counts) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }
}
