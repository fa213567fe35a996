//! What the payment service can do, whoever asks.

mod advance;
mod approve_refund;
mod authorize_payment;
mod capture_payment;
mod find_payment;
mod hear_provider;
mod list_ledger;
mod measure_breaks;
mod prune;
mod read_settlement;
mod reconcile;
mod refund_payment;
mod resolve_break;
mod settle;
mod submit_refund;
mod void_payment;
mod xray;

use std::sync::Arc;

use common::types::Clock;
use postgres_kit::{Db, StoreError, Tx};
use tokio::sync::Notify;

use crate::clients::Provider;

pub(crate) use crate::{
    clients::{Signed, WebhookError},
    store::{
        ledger::{Balance, Entry},
        payments::Found,
        recon::Break,
        refunds::FoundRefund,
    },
};
pub(crate) use authorize_payment::AuthorizeError;
pub(crate) use hear_provider::HearProviderError;
pub(crate) use refund_payment::AskRefund;

/// The payment service behind its doors.
#[derive(Clone)]
pub struct App {
    db: Db,
    clock: Arc<dyn Clock>,
    provider: Provider,
    /// Wakes the worker of refunds.
    refunds: Arc<Notify>,
}

impl App {
    /// Puts the finished parts together.
    #[must_use]
    pub fn new(db: Db, clock: Arc<dyn Clock>, provider: Provider) -> Self {
        Self { db, clock, provider, refunds: Arc::new(Notify::new()) }
    }
}

/// Commits what went well, and rolls back what did not.
async fn end<T, E: From<StoreError>>(tx: Tx, outcome: Result<T, E>) -> Result<T, E> {
    match outcome {
        Ok(value) => {
            tx.commit().await?;
            Ok(value)
        }
        Err(error) => {
            tx.rollback().await;
            Err(error)
        }
    }
}
