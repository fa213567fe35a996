//! The worker that shows orders under way in the table `active_orders`. Never the record: rows may be
//! late, and are written again until the table shows what the record says.

use std::{pin::Pin, time::Duration};

use common::types::{Currency, CustomerId, OrderId, StoreId, Timestamp};
use orders_contract::http::{ActiveOrder, Fulfilment};
use serde::{Deserialize, Serialize};
use service_kit::Stop;

use crate::{App, app::TURN};

/// So that an order that runs through several states at once is written once.
const PAUSE: Duration = Duration::from_millis(100);
/// After a failure.
const PAUSE_AWAY: Duration = Duration::from_secs(2);

/// A row of `active_orders`: what the list shows, with the time of its sort key as a number.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ActiveRow {
    order_id: OrderId,
    /// Microseconds since 1970.
    created_at: i64,
    number: i64,
    customer_id: CustomerId,
    store_id: StoreId,
    fulfilment: Fulfilment,
    state: String,
    status: String,
    total_minor: i64,
    currency: Currency,
    pieces: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    promise_at: Option<Timestamp>,
    version: i64,
    /// Seconds since 1970 at which the row goes: the order's end and 24 h. An order under way has none,
    /// so it never goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) expires_at: Option<i64>,
}

impl ActiveRow {
    /// The row that shows `order`.
    pub(crate) fn new(order: ActiveOrder, expires_at: Option<i64>) -> Self {
        Self {
            order_id: order.order_id,
            created_at: order.created_at.as_microsecond(),
            number: order.number,
            customer_id: order.customer_id,
            store_id: order.store_id,
            fulfilment: order.fulfilment,
            state: order.state,
            status: order.status,
            total_minor: order.total_minor,
            currency: order.currency,
            pieces: order.pieces,
            promise_at: order.promise_at,
            version: order.version,
            expires_at,
        }
    }
}

impl From<ActiveRow> for ActiveOrder {
    fn from(row: ActiveRow) -> Self {
        Self {
            order_id: row.order_id,
            number: row.number,
            customer_id: row.customer_id,
            store_id: row.store_id,
            fulfilment: row.fulfilment,
            state: row.state,
            status: row.status,
            total_minor: row.total_minor,
            currency: row.currency,
            pieces: row.pieces,
            promise_at: row.promise_at,
            created_at: Timestamp::from_microsecond(row.created_at).unwrap_or_default(),
            version: row.version,
        }
    }
}

/// When a row may go whose order ended at `ended_at`.
pub(crate) fn expiry(ended_at: Timestamp) -> i64 {
    const DAY_S: i64 = 24 * 3_600;
    ended_at.as_second().saturating_add(DAY_S)
}

/// Shows what has changed until told to stop.
pub fn worker(
    app: App,
) -> impl FnOnce(Stop) -> Pin<Box<dyn Future<Output = anyhow::Result<()>> + Send>> {
    move |stop| {
        Box::pin(async move {
            while !stop.is_cancelled() {
                let pause = match app.project_due().await {
                    Ok(shown) if shown < TURN => PAUSE,
                    Ok(_) => Duration::ZERO,
                    Err(error) => {
                        tracing::warn!(error = %error, "orders under way are shown late");
                        PAUSE_AWAY
                    }
                };
                let _stopped = stop.run_until_cancelled(tokio::time::sleep(pause)).await;
            }
            Ok(())
        })
    }
}
