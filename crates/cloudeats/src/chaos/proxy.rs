//! A TCP proxy that does harm: it stands between two processes, both of which think that they talk to
//! each other.

use std::io;
use std::net::{Ipv4Addr, TcpListener as StdListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context;
use futures::future::{Either, select};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::line::Line;

const CHUNK_BYTES: usize = 64 * 1024;
/// The statement with which a service commits, at the end of its message.
const COMMIT: &[u8] = b"COMMIT\0";

/// What the proxy does to those who come by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Toxic {
    /// Nothing.
    None,
    /// Both sides get a reset, as from a dead machine whose address lives on.
    Reset,
    /// Nothing arrives in either direction, and nobody is told.
    Hang,
    /// What is asked arrives; the answer does not, and the connection breaks.
    LoseReply,
    /// Whoever connects is led over the lossy line.
    Lossy,
    /// Every chunk waits so long.
    Delay(Duration),
    /// A commit arrives; its answer does not, and the connection breaks. Each so many-th one.
    CutAtCommit(u64),
}

/// A proxy at a port of its own.
#[derive(Debug)]
pub(super) struct Proxy {
    port: u16,
    shared: Arc<Shared>,
    stop: CancellationToken,
}

#[derive(Debug)]
struct Shared {
    target: u16,
    line: Option<Arc<Line>>,
    toxic: watch::Sender<Toxic>,
    /// Connections and answers that were harmed.
    harmed: AtomicU64,
    commits: AtomicU64,
}

impl Proxy {
    /// Leads from a free port to `target`, harmlessly for now; where there is a `line`, it can lead over it.
    pub(super) fn start(target: u16, line: Option<Arc<Line>>) -> anyhow::Result<Self> {
        let listener =
            StdListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no port for a proxy")?;
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port();
        let listener = TcpListener::from_std(listener)?;
        let shared = Arc::new(Shared {
            target,
            line,
            toxic: watch::Sender::new(Toxic::None),
            harmed: AtomicU64::new(0),
            commits: AtomicU64::new(0),
        });
        let stop = CancellationToken::new();
        TaskTracker::new().spawn(serve(listener, shared.clone(), stop.clone()));
        Ok(Self { port, shared, stop })
    }

    /// Where to go instead of the target.
    pub(super) const fn port(&self) -> u16 {
        self.port
    }

    /// From now on.
    pub(super) fn set(&self, toxic: Toxic) {
        self.shared.toxic.send_replace(toxic);
    }

    /// How many connections and answers were harmed by now.
    pub(super) fn harmed(&self) -> u64 {
        self.shared.harmed.load(Ordering::Relaxed)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>, stop: CancellationToken) {
    let tasks = TaskTracker::new();
    while let Some(accepted) = stop.run_until_cancelled(listener.accept()).await {
        let Ok((client, _)) = accepted else { continue };
        let (shared, stop) = (shared.clone(), stop.clone());
        tasks.spawn(async move {
            let _broken = stop.run_until_cancelled(relay(client, &shared)).await;
        });
    }
}

/// Why a direction ended.
enum End {
    /// One side had no more to say.
    Closed,
    /// We broke it.
    Broken,
}

async fn relay(client: TcpStream, shared: &Shared) -> io::Result<()> {
    client.set_nodelay(true)?;
    let server = shared.connect().await?;
    server.set_nodelay(true)?;
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let answering = AtomicU64::new(0);
    let broken = {
        let asks = Box::pin(shared.forward(&mut from_client, &mut to_server, &answering));
        let answers = Box::pin(shared.answer(&mut from_server, &mut to_client, &answering));
        match select(asks, answers).await {
            Either::Left((Ok(End::Closed), answers)) => answers.await?,
            Either::Right((Ok(End::Closed), _asks)) => End::Closed,
            Either::Left((Ok(End::Broken), _)) | Either::Right((Ok(End::Broken), _)) => End::Broken,
            Either::Left((Err(error), _)) | Either::Right((Err(error), _)) => return Err(error),
        }
    };
    if matches!(broken, End::Broken) {
        reset(from_client, to_client);
        reset(from_server, to_server);
    }
    Ok(())
}

impl Shared {
    fn toxic(&self) -> Toxic {
        *self.toxic.borrow()
    }

    async fn connect(&self) -> io::Result<TcpStream> {
        match (&self.line, self.toxic()) {
            (Some(line), Toxic::Lossy) => {
                self.harm();
                line.lead(self.target).await
            }
            _ => TcpStream::connect((Ipv4Addr::LOCALHOST, self.target)).await,
        }
    }

    fn harm(&self) {
        self.harmed.fetch_add(1, Ordering::Relaxed);
    }

    /// Waits out what holds everything up; false where it ends in a break.
    async fn passes(&self) -> bool {
        let mut changes = self.toxic.subscribe();
        loop {
            let toxic = *changes.borrow_and_update();
            match toxic {
                Toxic::Reset => {
                    self.harm();
                    return false;
                }
                Toxic::Hang => {
                    self.harm();
                    let _never_gone = changes.changed().await;
                }
                Toxic::Delay(time) => {
                    self.harm();
                    tokio::time::sleep(time).await;
                    return true;
                }
                Toxic::None | Toxic::Lossy | Toxic::LoseReply | Toxic::CutAtCommit(_) => {
                    return true;
                }
            }
        }
    }

    /// What the client says, to the server. `doomed` is set where the answer must not arrive.
    async fn forward(
        &self,
        from: &mut OwnedReadHalf,
        to: &mut OwnedWriteHalf,
        doomed: &AtomicU64,
    ) -> io::Result<End> {
        let mut chunk = vec![0; CHUNK_BYTES];
        loop {
            let Some(said) = self.read(from, &mut chunk).await? else { return Ok(End::Broken) };
            if said.is_empty() {
                to.shutdown().await?;
                return Ok(End::Closed);
            }
            if !self.passes().await {
                return Ok(End::Broken);
            }
            match self.toxic() {
                Toxic::LoseReply => doomed.store(1, Ordering::Release),
                Toxic::CutAtCommit(nth) if ends_in_commit(said) => {
                    let commit = self.commits.fetch_add(1, Ordering::Relaxed);
                    if commit.is_multiple_of(nth.max(1)) {
                        doomed.store(1, Ordering::Release);
                    }
                }
                _ => {}
            }
            to.write_all(said).await?;
        }
    }

    /// What the server says, to the client, or not.
    async fn answer(
        &self,
        from: &mut OwnedReadHalf,
        to: &mut OwnedWriteHalf,
        doomed: &AtomicU64,
    ) -> io::Result<End> {
        let mut chunk = vec![0; CHUNK_BYTES];
        loop {
            let Some(said) = self.read(from, &mut chunk).await? else { return Ok(End::Broken) };
            if said.is_empty() {
                to.shutdown().await?;
                return Ok(End::Closed);
            }
            if doomed.swap(0, Ordering::Acquire) == 1 {
                self.harm();
                return Ok(End::Broken);
            }
            if !self.passes().await {
                return Ok(End::Broken);
            }
            to.write_all(said).await?;
        }
    }

    /// Reads; nothing where a reset strikes a connection that is silent.
    async fn read<'a>(
        &self,
        from: &mut OwnedReadHalf,
        chunk: &'a mut [u8],
    ) -> io::Result<Option<&'a [u8]>> {
        let mut changes = self.toxic.subscribe();
        let struck = changes.wait_for(|toxic| *toxic == Toxic::Reset);
        let read = match select(Box::pin(from.read(chunk)), Box::pin(struck)).await {
            Either::Left((read, _)) => read?,
            Either::Right(_) => {
                self.harm();
                return Ok(None);
            }
        };
        Ok(Some(chunk.get(..read).unwrap_or_default()))
    }
}

fn ends_in_commit(said: &[u8]) -> bool {
    said.ends_with(COMMIT)
}

/// Closes with a reset instead of a farewell.
fn reset(read: OwnedReadHalf, write: OwnedWriteHalf) {
    if let Ok(stream) = read.reunite(write) {
        let _gone_already = stream.set_zero_linger();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers each chunk with the same, and counts them.
    async fn echo() -> (u16, Arc<AtomicU64>) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let (port, heard) = (listener.local_addr().unwrap().port(), Arc::new(AtomicU64::new(0)));
        let count = heard.clone();
        TaskTracker::new().spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let count = count.clone();
                TaskTracker::new().spawn(async move {
                    let mut chunk = [0; 64];
                    while let Ok(read @ 1..) = stream.read(&mut chunk).await {
                        count.fetch_add(1, Ordering::SeqCst);
                        let _gone = stream.write_all(&chunk[..read]).await;
                    }
                });
            }
        });
        (port, heard)
    }

    async fn ask(stream: &mut TcpStream, text: &[u8]) -> io::Result<Vec<u8>> {
        stream.write_all(text).await?;
        let mut answer = vec![0; text.len()];
        stream.read_exact(&mut answer).await?;
        Ok(answer)
    }

    async fn through(proxy: &Proxy) -> TcpStream {
        TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port())).await.unwrap()
    }

    #[tokio::test]
    async fn a_harmless_proxy_is_not_noticed() {
        let (port, _) = echo().await;
        let proxy = Proxy::start(port, None).unwrap();
        let mut stream = through(&proxy).await;
        assert_eq!(ask(&mut stream, b"hello").await.unwrap(), b"hello");
        assert_eq!(proxy.harmed(), 0);
    }

    #[tokio::test]
    async fn a_lost_reply_was_asked_for_all_the_same() {
        let (port, heard) = echo().await;
        let proxy = Proxy::start(port, None).unwrap();
        let mut stream = through(&proxy).await;
        proxy.set(Toxic::LoseReply);
        assert!(ask(&mut stream, b"hello").await.is_err());
        assert_eq!((heard.load(Ordering::SeqCst), proxy.harmed()), (1, 1));
    }

    #[tokio::test]
    async fn a_reset_ends_even_a_silent_connection() {
        let (port, _) = echo().await;
        let proxy = Proxy::start(port, None).unwrap();
        let mut stream = through(&proxy).await;
        ask(&mut stream, b"hello").await.unwrap();
        proxy.set(Toxic::Reset);
        let error = stream.read(&mut [0; 8]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    }

    #[tokio::test]
    async fn whoever_is_held_goes_on_when_it_is_over() {
        let (port, _) = echo().await;
        let proxy = Proxy::start(port, None).unwrap();
        let mut stream = through(&proxy).await;
        proxy.set(Toxic::Hang);
        stream.write_all(b"hello").await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(stream.try_read(&mut [0; 8]).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        proxy.set(Toxic::None);
        let mut answer = [0; 5];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"hello");
    }

    #[tokio::test]
    async fn only_the_answer_to_a_commit_is_cut_off() {
        let (port, heard) = echo().await;
        let proxy = Proxy::start(port, None).unwrap();
        proxy.set(Toxic::CutAtCommit(1));
        let mut stream = through(&proxy).await;
        ask(&mut stream, b"SELECT 1\0").await.unwrap();
        assert!(ask(&mut stream, b"SELECT; COMMIT\0").await.is_err());
        assert_eq!((heard.load(Ordering::SeqCst), proxy.harmed()), (2, 1));
    }
}
