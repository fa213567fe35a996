//! `com.cloudeats.fleet.delivery_picked_up.v1`

use event_kit::Heard;
use fleet_contract::events::DeliveryPickedUp;

use crate::{
    App,
    app::{DeliveryFact, RecordDeliveryError},
};

/// A courier has the goods.
pub(super) async fn handle(
    app: App,
    heard: Heard<DeliveryPickedUp>,
) -> Result<(), RecordDeliveryError> {
    app.record_delivery(&heard, heard.fact.order_id, DeliveryFact::PickedUp).await
}
