//! What the identity service can do, whoever asks.

mod create_user;
mod ensure_admin;
mod find_user;
mod log_in;
mod log_out;
mod prune;
mod refresh_session;
mod register_user;

use std::sync::Arc;

use common::types::{Clock, Timestamp};
use postgres_kit::Db;

use crate::{Passwords, Tokens};

pub(crate) use log_in::LogInError;

/// The identity service behind its doors.
#[derive(Clone)]
pub struct App {
    db: Db,
    clock: Arc<dyn Clock>,
    passwords: Passwords,
    tokens: Tokens,
}

/// A session that goes on, as its owner gets it.
pub(crate) struct SignedIn {
    pub(crate) access_token: String,
    pub(crate) expires_in_s: i64,
    pub(crate) refresh_token: String,
}

impl App {
    /// Puts the finished parts together.
    #[must_use]
    pub fn new(db: Db, clock: Arc<dyn Clock>, passwords: Passwords, tokens: Tokens) -> Self {
        Self { db, clock, passwords, tokens }
    }

    /// The public keys that prove our access tokens.
    pub(crate) fn keys(&self) -> Vec<u8> {
        self.tokens.keys()
    }

    fn refresh_expiry(&self, now: Timestamp) -> Timestamp {
        let life = jiff::SignedDuration::from_secs(self.tokens.lives().refresh_s);
        now.checked_add(life).unwrap_or(Timestamp::MAX)
    }
}
