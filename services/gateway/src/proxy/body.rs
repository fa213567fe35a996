//! A body that is counted while it passes.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use axum::body::Body;
use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use service_kit::stack::BodyError;

/// A request's body on its way to a service; with or without an announced length it breaks off where it is
/// longer than the route allows.
pub(super) struct Bounded {
    body: Body,
    max: usize,
    left: usize,
}

impl Bounded {
    pub(super) const fn new(body: Body, max: usize) -> Self {
        Self { body, max, left: max }
    }
}

impl HttpBody for Bounded {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        poller: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let Some(frame) = ready!(Pin::new(&mut self.body).poll_frame(poller)) else {
            return Poll::Ready(None);
        };
        let frame = frame?;
        let bytes = frame.data_ref().map_or(0, Bytes::len);
        let Some(left) = self.left.checked_sub(bytes) else {
            let too_large = BodyError::TooLarge(self.max);
            return Poll::Ready(Some(Err(axum::Error::new(too_large))));
        };
        self.left = left;
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
