//! Somebody who wants the product, asks again where nobody knows, and remembers what was promised.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use common::types::{Clock, CustomerId, ItemId, OrderId, StoreId, SystemClock};
use hyper::Method;
use hyper::header::HeaderValue;
use serde::Deserialize;

use crate::client::{Failure, Operate, Wire};

const RESERVATIONS: &str = "/v1/internal/reservations";
/// Longer than any run.
const HOLD_S: u32 = 86_400;

/// What was acknowledged, and what nobody knows.
#[derive(Debug, Clone, Default)]
pub(super) struct Promises(Arc<Mutex<Promised>>);

/// The orders of all buyers.
#[derive(Debug, Clone, Default)]
pub(super) struct Promised {
    /// Orders of which it was said that one is held for them.
    pub(super) held: Vec<OrderId>,
    /// Orders without an answer that decides.
    pub(super) unknown: Vec<OrderId>,
}

/// One hand that takes.
pub(super) struct Buyer {
    wire: Wire,
    token: HeaderValue,
    place: (StoreId, ItemId),
    promises: Promises,
}

#[derive(Deserialize)]
struct Answer {
    state: Option<String>,
    code: Option<String>,
}

impl Promises {
    pub(super) fn all(&self) -> Promised {
        self.with(|promised| promised.clone())
    }

    fn with<T>(&self, what: impl FnOnce(&mut Promised) -> T) -> T {
        what(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Buyer {
    pub(super) const fn new(
        wire: Wire,
        token: HeaderValue,
        place: (StoreId, ItemId),
        promises: Promises,
    ) -> Self {
        Self { wire, token, place, promises }
    }

    async fn reserve(&self, order: OrderId) -> Result<(), Failure> {
        let (store, item) = self.place;
        let body = format!(
            r#"{{"order_id":"{order}","store_id":"{store}","lines":[{{"item_id":"{item}","quantity":1}}],"hold_s":{HOLD_S}}}"#
        );
        let to = (Method::POST, RESERVATIONS);
        let reply = self.wire.ask(to, &self.token, &order.to_string(), Bytes::from(body)).await?;
        let answer: Answer = serde_json::from_slice(&reply.body)
            .map_err(|_| Failure("unreadable answer".to_owned()))?;
        if reply.status == 200 && answer.state.as_deref() == Some("HELD") {
            return Ok(());
        }
        Err(Failure(format!("{} {}", reply.status, answer.code.unwrap_or_default())))
    }
}

impl Operate for Buyer {
    /// Asks for somebody new, or again for somebody who was not answered.
    async fn once(&mut self) -> Result<(), Failure> {
        let left = self.promises.with(|promised| promised.unknown.pop());
        let order = left.unwrap_or_else(|| {
            OrderId::derive(CustomerId::from_uuid(SystemClock.new_id()), "hot-item")
        });
        let outcome = self.reserve(order).await;
        self.promises.with(|promised| match outcome {
            Ok(()) => promised.held.push(order),
            Err(_) => promised.unknown.push(order),
        });
        outcome
    }
}
