//! `com.cloudeats.fleet.delivery_completed.v1`

use event_kit::Heard;
use fleet_contract::events::DeliveryCompleted;

use crate::{
    App,
    app::{DeliveryFact, RecordDeliveryError},
};

/// The goods are in the customer's hands: the money may be taken.
pub(super) async fn handle(
    app: App,
    heard: Heard<DeliveryCompleted>,
) -> Result<(), RecordDeliveryError> {
    app.record_delivery(&heard, heard.fact.order_id, DeliveryFact::Completed).await
}
