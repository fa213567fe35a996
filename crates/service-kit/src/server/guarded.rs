//! A connection whose bytes are looked at before the HTTP library sees them.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
};

use bytes::{Buf, BytesMut};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Duration, Sleep},
};
use tokio_util::io::poll_read_buf;

use super::{
    chunks::Chunks,
    head::{self, Length},
};
use crate::{Problem, config::HEADER_MAX};

/// Stands for a request that is none: it is answered in its turn, like every other, and is the last.
const REFUSED: &[u8] = b"REFUSED / HTTP/1.1\r\nhost: refused\r\nconnection: close\r\n\r\n";
const READ: usize = 8 * 1024;
/// Who still sends when it was refused would lose the answer if the connection just closed.
const LINGER: Duration = Duration::from_millis(250);
const LINGER_BYTES: usize = 1024 * 1024;

/// The verdict on a request of this connection, if one was refused.
#[derive(Clone, Default)]
pub(super) struct Verdict(Arc<Mutex<Option<(u64, Problem)>>>);

impl Verdict {
    /// Why the request with this number, counted from 0, is refused.
    pub(super) fn on(&self, number: u64) -> Option<Problem> {
        let mut verdict = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        verdict.take_if(|(refused, _)| *refused == number).map(|(_, problem)| problem)
    }

    fn refuse(&self, number: u64, problem: Problem) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((number, problem));
    }
}

/// Passes on whole headers that are beyond doubt, and their bodies; nothing else.
pub(super) struct Guarded {
    stream: TcpStream,
    verdict: Verdict,
    unread: BytesMut,
    /// How many of the unread bytes may be passed on.
    good: usize,
    /// Bytes of a header in which no end was found.
    searched: usize,
    headers: u64,
    next: Next,
    linger: Option<(Pin<Box<Sleep>>, usize)>,
}

/// What the next byte belongs to.
enum Next {
    Header,
    Body(u64),
    Chunked(Chunks),
    /// Nothing: a request was refused.
    Refused,
    /// Nothing: a body is broken, and whoever reads it is told that it broke off.
    Cut,
}

impl Guarded {
    pub(super) fn new(stream: TcpStream, verdict: Verdict) -> Self {
        let (unread, next) = (BytesMut::new(), Next::Header);
        Self { stream, verdict, unread, good: 0, searched: 0, headers: 0, next, linger: None }
    }

    /// Looks at what was not looked at; whether that was enough for a step.
    fn look(&mut self) -> bool {
        match &mut self.next {
            Next::Header => self.look_at_header(),
            Next::Body(0) => {
                self.next = Next::Header;
                true
            }
            Next::Body(left) => {
                let here = usize::try_from(*left).unwrap_or(usize::MAX).min(self.unread.len());
                (*left, self.good) = (*left - here as u64, here);
                here > 0
            }
            Next::Chunked(chunks) => {
                match chunks.read(&self.unread) {
                    Ok((here, ended)) => {
                        self.good = here;
                        if ended {
                            self.next = Next::Header;
                        }
                    }
                    Err(_broken) => self.next = Next::Cut,
                }
                self.good > 0 || matches!(self.next, Next::Cut)
            }
            Next::Refused | Next::Cut => false,
        }
    }

    fn look_at_header(&mut self) -> bool {
        // Empty lines before a request are passed over (RFC 9112, 2.2).
        while self.unread.starts_with(b"\r\n") {
            self.unread.advance(2);
            self.searched = 0;
        }
        let from = self.searched.saturating_sub(3);
        let fresh = self.unread.get(from..).unwrap_or_default();
        if let Some(end) = fresh.windows(4).position(|four| four == b"\r\n\r\n") {
            let end = from + end + 4;
            let judged = self.unread.get(..end).unwrap_or_default();
            let judged =
                if end > HEADER_MAX { Err(head::too_large()) } else { head::judge(judged) };
            match judged {
                Ok(length) => self.pass(end, length),
                Err(problem) => self.refuse(problem),
            }
            return true;
        }
        let bare = fresh.windows(2).any(|two| two.ends_with(b"\n") && two != b"\r\n");
        self.searched = self.unread.len();
        if bare || self.unread.starts_with(b"\n") {
            self.refuse(head::malformed("a line ends with CR and LF"));
        } else if self.unread.first().is_some_and(|byte| !head::begins(*byte)) {
            self.refuse(head::malformed("this is no method"));
        } else if self.unread.len() > HEADER_MAX {
            let line = self.unread.contains(&b'\n');
            self.refuse(if line { head::too_large() } else { head::uri_too_long() });
        } else {
            return false;
        }
        true
    }

    fn pass(&mut self, end: usize, length: Length) {
        (self.good, self.searched) = (end, 0);
        self.headers += 1;
        self.next = match length {
            Length::Exactly(bytes) => Next::Body(bytes),
            Length::Chunked => Next::Chunked(Chunks::new()),
        };
    }

    fn refuse(&mut self, problem: Problem) {
        self.verdict.refuse(self.headers, problem);
        self.unread.clear();
        self.unread.extend_from_slice(REFUSED);
        (self.good, self.next) = (REFUSED.len(), Next::Refused);
        self.linger = Some((Box::pin(tokio::time::sleep(LINGER)), LINGER_BYTES));
    }
}

impl AsyncRead for Guarded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        poller: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            if this.good > 0 {
                let here = this.good.min(into.remaining());
                into.put_slice(this.unread.get(..here).unwrap_or_default());
                this.unread.advance(here);
                this.good -= here;
                return Poll::Ready(Ok(()));
            }
            match this.next {
                // What was refused is answered first; the connection ends with the answer.
                Next::Refused => return Poll::Pending,
                Next::Cut => return Poll::Ready(Ok(())),
                Next::Header | Next::Body(_) | Next::Chunked(_) => {}
            }
            if !this.unread.is_empty() && this.look() {
                continue;
            }
            // A connection that is silent needs no room.
            ready!(this.stream.poll_read_ready(poller))?;
            this.unread.reserve(READ);
            let read = poll_read_buf(Pin::new(&mut this.stream), poller, &mut this.unread);
            if ready!(read)? == 0 {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl AsyncWrite for Guarded {
    fn poll_write(
        mut self: Pin<&mut Self>,
        poller: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(poller, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, poller: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(poller)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, poller: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        ready!(Pin::new(&mut this.stream).poll_shutdown(poller))?;
        let Some((until, left)) = &mut this.linger else { return Poll::Ready(Ok(())) };
        while *left > 0 && until.as_mut().poll(poller).is_pending() {
            this.unread.clear();
            this.unread.reserve(READ);
            let read = poll_read_buf(Pin::new(&mut this.stream), poller, &mut this.unread);
            match ready!(read) {
                Ok(0) | Err(_) => break,
                Ok(read) => *left = left.saturating_sub(read),
            }
        }
        Poll::Ready(Ok(()))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        poller: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(poller, bytes)
    }
}
