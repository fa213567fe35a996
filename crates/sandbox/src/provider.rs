//! A payment provider with a wire of its own, a journal and faults.
//!
//! | call | answer |
//! |---|---|
//! | `POST /v1/authorizations` `{amount_minor, currency, method, reference}` | 201 [`wire::Authorization`]; 402 `declined` with `decline_class` |
//! | `POST /v1/authorizations/{id}/captures` `{amount_minor, part?, more?}` | 201 [`wire::Authorization`]; 409 `exceeds-authorized`, `already-captured`, `already-voided` |
//! | `POST /v1/authorizations/{id}/voids` | 201 [`wire::Authorization`]: lets go what was not taken; 409 `already-captured` |
//! | `POST /v1/authorizations/{id}/refunds` `{amount_minor}` | 201 [`wire::Authorization`]; 402 `declined`; 409 `exceeds-captured` |
//! | `POST /v1/authorizations/{id}/expirations` | 201 [`wire::Authorization`]: its days are over; 409 `already-captured`, `already-voided` |
//! | `POST /v1/voids-by-key` `{key}` | 200 [`wire::VoidByKey`]: `voided`, `tombstoned`, `declined` or `expired`; 409 `already-captured` |
//! | `GET /v1/authorizations/by-key/{key}` | 200 [`wire::Authorization`] as it stands now; 404 `unknown-key` |
//! | `GET /v1/operations/by-key/{key}` | 200 [`book::Operation`]; 404 `unknown-key` |
//! | `GET /v1/operations?after=&limit=&from=&to=` | 200 [`wire::Operations`]: the journal, or what happened in a window of it |
//! | `GET /v1/settlements/{day}` | 200 [`settlement`], 206 a range of its bytes; 404 `no-such-settlement` |
//! | `GET`, `PUT /v1/faults` | 200 [`faults::Faults`] |
//! | `GET /livez` | 200 |
//!
//! The first five want an `Idempotency-Key`; the sixth may have one. The same key with the same
//! body has the same answer; with another body it is 409 `key-reused`. A refusal is
//! `{"code", "message", "decline_class"?}`.
//!
//! A capture lets the rest go, unless it says `more`.
//!
//! The payment method decides what happens: see [`methods`]. Where there is somebody to tell, every operation is
//! told by webhook: see [`webhooks`].

pub mod book;
pub mod faults;
pub mod methods;
mod routes;
pub mod settlement;
pub mod webhooks;
pub mod wire;

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use bytes::Bytes;
use common::types::{Clock, Timestamp};
use jiff::civil::Date;

use crate::journal::{Journal, JournalError};

use self::book::{Book, Command, Operation, Refusal};
use self::faults::{Chance, Faults};
use self::settlement::Files;
use self::webhooks::{Listener, Webhooks};

/// The provider: its book, its journal and its moods.
#[derive(Clone)]
pub struct Provider {
    inner: Arc<Inner>,
}

struct Inner {
    book: Mutex<Book>,
    faults: Mutex<Faults>,
    chance: Chance,
    journal: Journal,
    clock: Arc<dyn Clock>,
    slow: Duration,
    webhooks: Option<Webhooks>,
    files: Files,
}

/// What is not up to the caller.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How long `pm_slow` takes.
    pub slow: Duration,
    /// The seed of the faults that come by chance.
    pub seed: u64,
    /// Who is told what happens.
    pub listener: Option<Listener>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { slow: Duration::from_secs(3), seed: 1, listener: None }
    }
}

/// An operation and whether its key was known before.
pub(crate) struct Executed {
    pub(crate) operation: Operation,
    pub(crate) replayed: bool,
}

/// Why an operation has no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExecuteError {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("the operation could not be kept")]
    Journal(#[from] JournalError),
}

impl Provider {
    /// Opens the provider whose journal is `provider.jsonl` in `folder`.
    pub fn open(
        folder: &Path,
        clock: Arc<dyn Clock>,
        settings: &Settings,
    ) -> Result<Self, JournalError> {
        let (journal, operations) = Journal::open::<Operation>(&folder.join("provider.jsonl"))?;
        let inner = Inner {
            book: Mutex::new(Book::replay(operations)),
            faults: Mutex::default(),
            chance: Chance::new(settings.seed),
            journal,
            clock,
            slow: settings.slow,
            webhooks: settings.listener.clone().map(Webhooks::new),
            files: Files::default(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The HTTP face.
    pub fn router(&self) -> Router {
        routes::router(self.clone())
    }

    /// Sends webhooks until the process ends; returns at once where there is nobody to tell.
    pub async fn send_webhooks(&self) {
        if let Some(webhooks) = &self.inner.webhooks {
            webhooks.send(self).await;
        }
    }

    /// Does the work at most once for each key, and returns when the journal holds it.
    pub(crate) async fn execute(&self, command: Command) -> Result<Executed, ExecuteError> {
        let (executed, written) = {
            // Book and journal see operations in one order: the line is queued under the lock.
            let mut book = self.book();
            let executed = book.execute(command, &*self.inner.clock)?;
            let written = if executed.replayed {
                // The first caller's line may still be on its way to the disk.
                self.inner.journal.settled()?
            } else {
                self.inner.journal.append(&executed.operation)?
            };
            (executed, written)
        };
        written.wait().await?;
        if let Some(webhooks) = self.inner.webhooks.as_ref().filter(|_| !executed.replayed) {
            webhooks.queue(&executed.operation);
        }
        Ok(executed)
    }

    /// Returns when everything the book knows is on the disk.
    pub(crate) async fn settled(&self) -> Result<(), JournalError> {
        self.inner.journal.settled()?.wait().await
    }

    pub(crate) fn book(&self) -> MutexGuard<'_, Book> {
        self.inner.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn faults(&self) -> MutexGuard<'_, Faults> {
        self.inner.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn happens(&self, probability: f64) -> bool {
        self.inner.chance.happens(probability)
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    /// The file of a day that is over.
    pub(crate) fn file_of(&self, day: Date) -> Option<Bytes> {
        self.inner.files.of(self, day)
    }

    pub(crate) fn slow(&self) -> Duration {
        self.inner.slow
    }
}
