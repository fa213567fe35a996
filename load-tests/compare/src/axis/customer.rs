//! Somebody who orders, waits until the order is confirmed, and remembers what was promised.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use common::types::{Clock, SystemClock};
use hyper::header::HeaderValue;
use serde::Deserialize;
use tokio::time::Instant;
use uuid::Uuid;

use crate::client::{Failure, Operate, Reply, Wire};

pub(super) const ORDERS: &str = "/v1/orders";
const CONFIRMED: &str = "CONFIRMED";
/// How often somebody looks whose order was taken and not yet decided, and for how long.
const LOOK: Duration = Duration::from_millis(100);
const DECIDED_MAX: Duration = Duration::from_secs(10);

/// The orders that were acknowledged.
#[derive(Debug, Clone, Default)]
pub(super) struct Promises(Arc<Mutex<Promised>>);

/// What was promised.
#[derive(Debug, Clone, Default)]
pub(super) struct Promised {
    /// Orders that are confirmed.
    pub(super) confirmed: Vec<Uuid>,
    /// Orders that are taken; a decision follows.
    pub(super) taken: Vec<Uuid>,
}

/// One hand that orders.
pub(super) struct Customer {
    wire: Wire,
    bearer: HeaderValue,
    order: Bytes,
    promises: Promises,
}

/// An order, as far as its customer reads it.
#[derive(Deserialize)]
pub(super) struct Placed {
    pub(super) order_id: Uuid,
    state: String,
}

#[derive(Deserialize)]
struct Problem {
    code: String,
}

impl Promises {
    pub(super) fn keep(&self, order: Uuid, confirmed: bool) {
        let mut promised = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if confirmed { promised.confirmed.push(order) } else { promised.taken.push(order) }
    }

    pub(super) fn all(&self) -> Promised {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Placed {
    pub(super) fn is_confirmed(&self) -> bool {
        self.state == CONFIRMED
    }
}

impl Customer {
    pub(super) const fn new(
        wire: Wire,
        bearer: HeaderValue,
        order: Bytes,
        promises: Promises,
    ) -> Self {
        Self { wire, bearer, order, promises }
    }

    async fn until_decided(&self, order: Uuid) -> Result<(), Failure> {
        let begun = Instant::now();
        while begun.elapsed() < DECIDED_MAX {
            tokio::time::sleep(LOOK).await;
            let path = format!("{ORDERS}/{order}");
            let reply = self.wire.get(&path, Some(&self.bearer)).await?;
            match placed(&reply)?.state.as_str() {
                CONFIRMED => {
                    self.promises.keep(order, true);
                    return Ok(());
                }
                "REJECTED" | "CANCELLING" | "CANCELLED" => return Err(word("rejected later")),
                _ => {}
            }
        }
        Err(word("not decided"))
    }
}

impl Operate for Customer {
    async fn once(&mut self) -> Result<(), Failure> {
        let key = SystemClock.new_id().to_string();
        let body = self.order.clone();
        let reply = self.wire.post(ORDERS, Some(&self.bearer), &key, body).await?;
        let placed = placed(&reply)?;
        let confirmed = placed.is_confirmed();
        self.promises.keep(placed.order_id, confirmed);
        if confirmed { Ok(()) } else { self.until_decided(placed.order_id).await }
    }
}

/// The order in an answer that is none of refusal.
pub(super) fn placed(reply: &Reply) -> Result<Placed, Failure> {
    if (200..300).contains(&reply.status) {
        return serde_json::from_slice(&reply.body).map_err(|_| word("unreadable answer"));
    }
    let code = serde_json::from_slice(&reply.body).map(|problem: Problem| problem.code);
    Err(Failure(format!("{} {}", reply.status, code.unwrap_or_default())))
}

fn word(word: &str) -> Failure {
    Failure(word.to_owned())
}
