//! The fact, and the service that hears it: a row in the transaction of the claim.

use std::sync::Arc;

use common::types::Event;
use event_kit::{Heard, Listeners, inbox};
use postgres_kit::{Db, StoreError};
use serde::{Deserialize, Serialize};

use super::book::Book;

/// Histories that grow side by side.
const KEYS: usize = 200;

/// Something happened.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Told {
    number: usize,
    key: String,
}

impl Told {
    /// The fact of this number; `run` keeps apart what shares a log.
    pub(super) fn new(run: &str, number: usize) -> Self {
        Self { number, key: format!("{run}-{}", number % KEYS) }
    }

    /// One whose transaction stays open, with a history of its own.
    pub(super) fn late(run: &str, number: usize) -> Self {
        Self { number, key: format!("{run}-late") }
    }
}

impl Event for Told {
    const TYPE: &'static str = "com.cloudeats.bench.told.v1";

    fn key(&self) -> String {
        self.key.clone()
    }
}

/// Who hears.
#[derive(Clone)]
pub(super) struct Listener {
    pub(super) db: Db,
    pub(super) book: Arc<Book>,
}

impl Listener {
    pub(super) fn listeners(&self) -> Listeners {
        Listeners::new("bench").on(self, Self::hear)
    }

    async fn hear(self, heard: Heard<Told>) -> Result<(), StoreError> {
        self.book.note_heard(heard.fact.number);
        let mut tx = self.db.begin().await?;
        if !inbox::claim_or_skip(&mut tx, &heard).await? {
            return Ok(());
        }
        sqlx::query("INSERT INTO effect (key, seq) VALUES ($1, $2)")
            .bind(&heard.key)
            .bind(heard.seq)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        self.book.note_applied(heard.fact.number);
        Ok(())
    }
}
