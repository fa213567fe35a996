//! What the payment service can do, whoever asks.

mod authorize_payment;
mod capture_payment;
mod find_payment;
mod list_ledger;
mod settle;
mod void_payment;

use std::sync::Arc;

use common::types::Clock;
use postgres_kit::Db;

use crate::clients::Provider;

pub(crate) use crate::store::{
    ledger::{Balance, Entry},
    payments::Found,
};
pub(crate) use authorize_payment::AuthorizeError;

/// The payment service behind its doors.
#[derive(Clone)]
pub struct App {
    db: Db,
    clock: Arc<dyn Clock>,
    provider: Provider,
}

impl App {
    /// Puts the finished parts together.
    #[must_use]
    pub fn new(db: Db, clock: Arc<dyn Clock>, provider: Provider) -> Self {
        Self { db, clock, provider }
    }
}
