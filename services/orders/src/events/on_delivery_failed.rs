//! `com.cloudeats.fleet.delivery_failed.v1`

use event_kit::Heard;
use fleet_contract::events::DeliveryFailed;

use crate::{
    App,
    app::{DeliveryFact, RecordDeliveryError},
};

/// The goods could not be handed over: support decides.
pub(super) async fn handle(
    app: App,
    heard: Heard<DeliveryFailed>,
) -> Result<(), RecordDeliveryError> {
    let cause = heard.fact.reason.clone().unwrap_or_else(|| "not-handed-over".to_owned());
    app.record_delivery(&heard, heard.fact.order_id, DeliveryFact::Failed { cause }).await
}
