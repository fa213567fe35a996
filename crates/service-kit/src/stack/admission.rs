//! How many requests are worked on at once.

use std::{sync::Arc, time::Duration};

use axum::http::HeaderMap;
use common::types::Role;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{
    metrics::SERIES,
    token::{ServiceClaims, TOKEN, Verifier},
};

const WAIT_MAX: Duration = Duration::from_millis(50);

pub(super) type Permit = OwnedSemaphorePermit;

/// A bound on the work of this process. A fifth of it is kept for our own services: what a saga has begun
/// goes before what a customer begins.
pub(super) struct Admission {
    anybody: Arc<Semaphore>,
    services: Arc<Semaphore>,
}

impl Admission {
    pub(super) fn new(requests_max: usize) -> Self {
        let kept = (requests_max / 5).max(1);
        let rest = requests_max.saturating_sub(kept).max(1);
        Self { anybody: Arc::new(Semaphore::new(rest)), services: Arc::new(Semaphore::new(kept)) }
    }

    /// Lets a request in, after at most 50 ms; `None` where there is no room.
    pub(super) async fn enter(
        &self,
        headers: &HeaderMap,
        tokens: &Verifier<ServiceClaims>,
    ) -> Option<Permit> {
        if let Ok(permit) = Arc::clone(&self.anybody).try_acquire_owned() {
            return Some(permit);
        }
        // Only under pressure does it matter who asks.
        let room = if is_service(headers, tokens) { &self.services } else { &self.anybody };
        let permit = wait(room).await;
        if permit.is_none() {
            SERIES.shed();
        }
        permit
    }
}

#[expect(clippy::disallowed_methods, reason = "a place in a queue is dropped, no work")]
async fn wait(room: &Arc<Semaphore>) -> Option<Permit> {
    tokio::time::timeout(WAIT_MAX, Arc::clone(room).acquire_owned()).await.ok()?.ok()
}

fn is_service(headers: &HeaderMap, tokens: &Verifier<ServiceClaims>) -> bool {
    let token = headers.get(TOKEN).and_then(|value| value.to_str().ok());
    let claims = token.and_then(|token| tokens.verify(token).ok());
    claims.is_some_and(|claims| claims.principal.has(Role::Service))
}
