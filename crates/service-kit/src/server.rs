//! The accept loop: one listener, bounded connections, bounded headers.
//!
//! Not `axum::serve`, which waits for a slow header without limit. And not the HTTP library alone, which
//! drops a length beside chunks and reads lines that end with LF.

mod chunks;
mod guarded;
mod head;
mod peers;

use std::{
    convert::Infallible,
    future::poll_fn,
    io,
    net::SocketAddr,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::Poll,
};

use anyhow::{Context, anyhow};
use axum::{
    extract::ConnectInfo,
    response::{IntoResponse, Response},
};
use common::types::Class;
use futures::future::{Either, select};
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Duration,
};
use tokio_util::task::TaskTracker;

use crate::{
    Problem, Stop,
    config::{HEADER_MAX, HEADERS_MAX, Limits},
    problem::{self, PROBLEM_JSON},
    server::{
        guarded::{Guarded, Verdict},
        peers::{Open, Peers},
    },
};

/// After an error that more connections will not mend, such as no file descriptors left.
const PAUSE: Duration = Duration::from_millis(100);

/// Answers the requests of one listener.
pub(crate) trait Answers: Clone + Send + Sync + 'static {
    fn answer(&self, request: Request<Incoming>) -> impl Future<Output = Response> + Send;

    /// Answers what stands for a request that was refused before it was one.
    fn refuse(
        &self,
        _request: Request<Incoming>,
        problem: Problem,
    ) -> impl Future<Output = Response> + Send {
        std::future::ready(problem.into_response())
    }
}

impl Answers for crate::stack::Stack {
    async fn answer(&self, request: Request<Incoming>) -> Response {
        Self::answer(self, request).await
    }

    async fn refuse(&self, request: Request<Incoming>, problem: Problem) -> Response {
        Self::refuse(self, request, problem).await
    }
}

/// Opens a port, or says which one is taken and by which variable it is chosen.
pub(crate) async fn listen(address: SocketAddr, variable: &str) -> anyhow::Result<TcpListener> {
    match TcpListener::bind(address).await {
        Ok(listener) => Ok(listener),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => Err(anyhow!(
            "port {} is taken: something else listens on {address} ({variable} chooses another)",
            address.port()
        )),
        Err(error) => {
            Err(error).with_context(|| format!("cannot listen on {address} ({variable})"))
        }
    }
}

/// Accepts until `close`; then asks every connection to end after what it is doing. Returns when no more
/// are accepted; `connections` tells when the last one has ended.
pub(crate) async fn accept<A: Answers>(
    listener: TcpListener,
    answers: A,
    limits: Limits,
    close: Stop,
    connections: TaskTracker,
) {
    let places = Arc::new(Semaphore::new(limits.connections_max));
    let peers = Peers::new(limits.connections_per_address_max);
    let http = builder(&limits);
    loop {
        let next = pin!(next(&listener, &places, &peers));
        let Either::Left((accepted, _)) = select(next, pin!(close.cancelled())).await else {
            break;
        };
        let Some((stream, place)) = accepted else { continue };
        let served = serve(http.clone(), stream, answers.clone(), close.clone());
        connections.spawn(async move {
            served.await;
            drop(place);
        });
    }
}

async fn next(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
    peers: &Peers,
) -> Option<(TcpStream, (OwnedSemaphorePermit, Open))> {
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, peer)) => {
            let Some(open) = peers.open(peer.ip()) else {
                turn_away(&stream);
                return None;
            };
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(error = %error, "no TCP_NODELAY");
            }
            Some((stream, (place, open)))
        }
        Err(error) => {
            tracing::warn!(error = %error, "no connection could be accepted");
            tokio::time::sleep(PAUSE).await;
            None
        }
    }
}

/// Says why, if that can be said at once; nothing is read, and nobody waits.
fn turn_away(stream: &TcpStream) {
    let problem = Problem::new(Class::Throttled, "too-many-connections");
    let words = problem.words(None);
    let mut answer = format!(
        "HTTP/1.1 429 Too Many Requests\r\ncontent-type: {PROBLEM_JSON}\r\ncontent-length: {}\r\n\
         retry-after: {}\r\nconnection: close\r\n\r\n",
        words.len(),
        problem::jitter_s()
    )
    .into_bytes();
    answer.extend(words);
    let _ = stream.try_write(&answer);
}

fn builder(limits: &Limits) -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        // Counts from the moment at which a header may come, so it bounds idle connections too.
        .header_read_timeout(limits.header_timeout)
        .max_headers(HEADERS_MAX)
        .max_header_size(HEADER_MAX);
    http
}

async fn serve<A: Answers>(http: http1::Builder, stream: TcpStream, answers: A, close: Stop) {
    let peer = stream.peer_addr().ok().map(ConnectInfo);
    let (verdict, requests) = (Verdict::default(), AtomicU64::new(0));
    let guarded = Guarded::new(stream, verdict.clone());
    let service = service_fn(move |mut request: Request<Incoming>| {
        let answers = answers.clone();
        let refused = verdict.on(requests.fetch_add(1, Ordering::Relaxed));
        // Who is at the other end: the gateway counts guests by address.
        if let Some(peer) = peer {
            request.extensions_mut().insert(peer);
        }
        async move {
            Ok::<_, Infallible>(match refused {
                Some(problem) => answers.refuse(request, problem).await,
                None => answers.answer(request).await,
            })
        }
    });
    let mut connection = pin!(http.serve_connection(TokioIo::new(guarded), service));
    let mut closing = pin!(close.cancelled_owned());
    let mut told = false;
    let ended = poll_fn(|poller| {
        if !told && closing.as_mut().poll(poller).is_ready() {
            told = true;
            connection.as_mut().graceful_shutdown();
        }
        match connection.as_mut().poll(poller) {
            Poll::Ready(ended) => Poll::Ready(ended),
            Poll::Pending => Poll::Pending,
        }
    });
    if let Err(error) = ended.await {
        // Clients that hang up are no news.
        tracing::debug!(error = %error, "a connection broke");
    }
}
