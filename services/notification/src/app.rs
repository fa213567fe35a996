//! What the notification service can do, whoever asks.

mod list_notifications;
mod read_notification;
mod send_due;
mod tell_customer;
mod xray;

use std::sync::Arc;

use common::types::Clock;
use postgres_kit::Db;

use crate::clients::{Contacts, Mailer};

pub(crate) use crate::store::inbox::Notification;
pub(crate) use tell_customer::News;

/// The notification service behind its doors.
#[derive(Clone)]
pub struct App {
    db: Db,
    clock: Arc<dyn Clock>,
    contacts: Contacts,
    mailer: Mailer,
}

impl App {
    /// Puts the finished parts together.
    #[must_use]
    pub fn new(db: Db, clock: Arc<dyn Clock>, contacts: Contacts, mailer: Mailer) -> Self {
        Self { db, clock, contacts, mailer }
    }
}
