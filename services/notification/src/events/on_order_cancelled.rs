//! The order was undone.

use event_kit::Heard;
use orders_contract::events::OrderCancelled;
use postgres_kit::StoreError;

use crate::{
    App,
    app::News,
    domain::{Facts, Kind, reason},
};

pub(crate) async fn handle(app: App, heard: Heard<OrderCancelled>) -> Result<(), StoreError> {
    let fact = &heard.fact;
    let facts = Facts::about(fact.order_id).with("reason", Some(reason(&fact.cause)));
    let (customer, order, kind) = (fact.customer_id, fact.order_id, Kind::Cancelled);
    app.tell_customer(&heard, News { customer, order, kind, facts }).await
}
