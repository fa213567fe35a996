//! `com.cloudeats.orders.order_cancelling.v1`

use event_kit::Heard;
use orders_contract::events::OrderCancelling;

use crate::{App, app::HearCancellationError};

/// The order is being undone: whoever is on the way to the store may turn back.
pub(super) async fn handle(
    app: App,
    heard: Heard<OrderCancelling>,
) -> Result<(), HearCancellationError> {
    app.hear_cancellation(&heard, heard.fact.order_id).await
}
