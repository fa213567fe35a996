//! Hearing how far the kitchen is.

use common::types::{Class, Fault};
use event_kit::{Heard, inbox};
use orders_contract::events::TicketChanged;
use postgres_kit::StoreError;

use crate::{App, store};

/// Why it was not noted how far the kitchen is.
#[derive(Debug, thiserror::Error)]
#[error("the state of the kitchen ticket could not be noted")]
pub(crate) struct NoteTicketError(#[from] StoreError);

impl Fault for NoteTicketError {
    fn class(&self) -> Class {
        self.0.class()
    }

    fn code(&self) -> &'static str {
        self.0.code()
    }
}

impl App {
    /// Notes whether an order can be collected. The ticket may be ready before the delivery is asked for,
    /// and READY may be undone.
    pub(crate) async fn note_ticket(
        &self,
        heard: &Heard<TicketChanged>,
    ) -> Result<(), NoteTicketError> {
        let now = self.clock.now();
        let order = heard.fact.order_id;
        let mut tx = self.db.begin().await?;
        if !inbox::claim_or_skip(&mut tx, heard).await? {
            tx.rollback().await;
            return Ok(());
        }
        let ready = match heard.fact.state.as_str() {
            "READY" | "HANDED_OVER" => true,
            "WAITING" | "ACCEPTED" | "PREPARING" => false,
            _ => return Ok(tx.commit().await?),
        };

        let note = store::order_notes::lock(&mut tx, order, now).await?;
        if note.ready != ready {
            store::order_notes::set_ready(&mut tx, order, ready).await?;
        }
        let Some(mut delivery) = store::deliveries::lock_by_order(&mut tx, order).await? else {
            return Ok(tx.commit().await?);
        };
        if let Some(step) = delivery.set_ready(ready, now) {
            self.save(&mut tx, &delivery, &step).await?;
        }
        tx.commit().await?;

        self.committed(&delivery);
        Ok(())
    }
}
