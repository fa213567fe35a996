//! Wrong behaviours that are longer than a branch; see [`common::mutants`].

use std::time::Duration;

use common::types::{CustomerId, OrderId, StoreId};
use postgres_kit::{StoreError, Tx};

use crate::{
    App,
    domain::{Fulfilment, NewOrder, State, StoreTerms, Totals},
    store::{self, orders::Start},
};

/// `ack_before_commit`: the customer hears of it first.
#[expect(clippy::disallowed_methods, reason = "exists to be wrong")]
pub(super) fn commit_some_day(tx: Tx) {
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let _nobody_waits_for_it = tx.commit().await;
    });
}

impl App {
    /// `write_before_validate`: an order is stored that is then refused.
    pub(super) async fn write_anyway(
        &self,
        id: OrderId,
        customer: CustomerId,
        store: StoreId,
        terms: &StoreTerms,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let totals = Totals {
            subtotal_minor: 0,
            tax_minor: 0,
            delivery_fee_minor: 0,
            tip_minor: 0,
            total_minor: 0,
            currency: terms.currency,
        };
        let order = NewOrder {
            id,
            customer,
            store,
            cell: terms.cell.clone(),
            fulfilment: Fulfilment::Pickup,
            lines: Vec::new(),
            totals,
            address: None,
            payment_method: String::new(),
            promise_at: now,
        };
        let start = Start { state: State::Received, worker: None, now, deadline_at: now };
        let mut tx = self.db.begin().await?;
        store::orders::insert(&mut tx, &order, &[], start).await?;
        tx.commit().await
    }
}
