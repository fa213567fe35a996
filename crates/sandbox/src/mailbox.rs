//! A mailbox that takes every letter: SMTP in, JSON and a plain page out.
//!
//! | call | answer |
//! |---|---|
//! | `GET /messages?to=&after=&limit=` | 200 `{messages, next_after}`, oldest first |
//! | `GET /count?to=` | 200 `{count}` |
//! | `GET /` | a page to read the latest letters |
//! | `GET /livez` | 200 |

mod letter;
mod page;
mod routes;
pub mod smtp;
mod smtp_server;

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use axum::Router;
use common::types::Clock;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use uuid::Uuid;

use crate::journal::{Journal, JournalError};

pub use self::letter::Letter;

/// The mailbox: letters in the order of their arrival. Nothing is ever merged.
#[derive(Clone)]
pub struct Mailbox {
    inner: Arc<Inner>,
}

struct Inner {
    envelopes: RwLock<Vec<Arc<Envelope>>>,
    journal: Journal,
    clock: Arc<dyn Clock>,
}

/// A letter as it came in, and whom it was for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// Drawn on arrival.
    pub id: Uuid,
    /// When it arrived.
    pub at: Timestamp,
    /// The sender of the envelope (RFC 5321 `MAIL FROM`).
    pub from: String,
    /// The recipients of the envelope (`RCPT TO`).
    pub to: Vec<String>,
    /// Header and body (RFC 5322); what is no UTF-8 is replaced.
    pub raw: String,
}

/// What a session has gathered when its letter is complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The sender.
    pub from: String,
    /// The recipients.
    pub to: Vec<String>,
    /// The letter, without the dots of SMTP.
    pub data: Vec<u8>,
}

impl Mailbox {
    /// Opens the mailbox whose journal is `mailbox.jsonl` in `folder`.
    pub fn open(folder: &Path, clock: Arc<dyn Clock>) -> Result<Self, JournalError> {
        let (journal, envelopes) = Journal::open::<Envelope>(&folder.join("mailbox.jsonl"))?;
        let envelopes = RwLock::new(envelopes.into_iter().map(Arc::new).collect());
        Ok(Self { inner: Arc::new(Inner { envelopes, journal, clock }) })
    }

    /// The HTTP face.
    pub fn router(&self) -> Router {
        routes::router(self.clone())
    }

    /// Takes letters until the process ends.
    pub async fn serve_smtp(&self, listener: TcpListener) {
        smtp_server::serve(listener, self.clone()).await;
    }

    /// Keeps a letter; it is on the disk when this returns.
    pub async fn keep(&self, delivery: Delivery) -> Result<Uuid, JournalError> {
        let envelope = Envelope {
            id: self.inner.clock.new_id(),
            at: self.inner.clock.now(),
            from: delivery.from,
            to: delivery.to,
            raw: String::from_utf8_lossy(&delivery.data).into_owned(),
        };
        let (id, envelope) = (envelope.id, Arc::new(envelope));
        let written = {
            // The file and the list have one order.
            let mut envelopes =
                self.inner.envelopes.write().unwrap_or_else(PoisonError::into_inner);
            let written = self.inner.journal.append(&*envelope)?;
            envelopes.push(envelope);
            written
        };
        written.wait().await?;
        Ok(id)
    }

    /// Every letter so far.
    #[must_use]
    pub fn envelopes(&self) -> Vec<Arc<Envelope>> {
        self.inner.envelopes.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Envelope {
    /// Whether `address` is among the recipients, in whatever case.
    #[must_use]
    pub fn is_for(&self, address: &str) -> bool {
        self.to.iter().any(|to| to.eq_ignore_ascii_case(address))
    }
}
