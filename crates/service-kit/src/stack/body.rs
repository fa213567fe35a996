//! Bodies that end.

use std::{
    error::Error,
    pin::Pin,
    sync::Arc,
    task::{Context as Poller, Poll, ready},
};

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header::CONTENT_TYPE},
    response::Response,
};
use bytes::Bytes;
use common::types::Class;
use futures::StreamExt;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::{Instant, Sleep};

use crate::{Problem, Stop, context::Context};

/// Why a body could not be read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// More bytes than the route allows.
    #[error("the body is larger than {0} bytes")]
    TooLarge(usize),
    /// It paused, or took, too long.
    #[error("the body did not come in time")]
    TooSlow,
    /// The connection broke, or the framing is wrong.
    #[error("the body broke off")]
    Broken,
}

impl BodyError {
    /// The limit that was broken, where that is what caused `error`.
    pub(crate) fn behind(error: &(dyn Error + 'static)) -> Option<Self> {
        let mut cause = Some(error);
        while let Some(now) = cause {
            if let Some(known) = now.downcast_ref::<Self>() {
                return Some(*known);
            }
            cause = now.source();
        }
        None
    }
}

impl From<BodyError> for Problem {
    fn from(error: BodyError) -> Self {
        let problem = match error {
            BodyError::TooLarge(_) => {
                Self::new(Class::Malformed, "body-too-large").status(StatusCode::PAYLOAD_TOO_LARGE)
            }
            BodyError::TooSlow => {
                Self::new(Class::Malformed, "body-too-slow").status(StatusCode::REQUEST_TIMEOUT)
            }
            BodyError::Broken => Self::new(Class::Malformed, "unreadable-body"),
        };
        problem.saying(error.to_string())
    }
}

/// A request's body within its limits, whoever reads it and however.
pub(super) struct RequestBody<B> {
    body: Pin<Box<B>>,
    context: Arc<Context>,
    seen: usize,
    whole_by: Instant,
    timer: Option<Pin<Box<Sleep>>>,
}

impl<B> RequestBody<B> {
    pub(super) fn new(body: B, context: Arc<Context>) -> Self {
        let whole_by = Instant::now() + context.shared.limits.request_timeout;
        Self { body: Box::pin(body), context, seen: 0, whole_by, timer: None }
    }

    /// Whether the sender has been silent for too long. The timer runs only while somebody waits.
    fn poll_patience(&mut self, poller: &mut Poller<'_>) -> Poll<()> {
        let until = (Instant::now() + self.context.shared.limits.body_idle).min(self.whole_by);
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(until)));
        timer.as_mut().poll(poller)
    }
}

impl<B> HttpBody for RequestBody<B>
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<axum::BoxError>,
{
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        poller: &mut Poller<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let max = self.context.body_max();
        let announced = usize::try_from(self.body.size_hint().lower()).unwrap_or(usize::MAX);
        if self.seen.saturating_add(announced) > max {
            return Poll::Ready(Some(Err(BodyError::TooLarge(max))));
        }
        let Poll::Ready(frame) = self.body.as_mut().poll_frame(poller) else {
            ready!(self.poll_patience(poller));
            return Poll::Ready(Some(Err(BodyError::TooSlow)));
        };
        self.timer = None;
        let Some(frame) = frame else { return Poll::Ready(None) };
        let Ok(frame) = frame else { return Poll::Ready(Some(Err(BodyError::Broken))) };
        self.seen = self.seen.saturating_add(frame.data_ref().map_or(0, Bytes::len));
        if self.seen > max {
            return Poll::Ready(Some(Err(BodyError::TooLarge(max))));
        }
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A stream of events has no end of its own: the drain gives it one.
pub(super) fn ended_by(response: Response, stop: &Stop) -> Response {
    const EVENTS: &[u8] = b"text/event-stream";
    let kind = response.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    if !kind.is_some_and(|kind| kind.starts_with(EVENTS)) {
        return response;
    }
    let stop = stop.clone();
    response.map(|body| {
        let until = Box::pin(async move { stop.cancelled().await });
        Body::from_stream(body.into_data_stream().take_until(until))
    })
}
