//! The order was never confirmed.

use event_kit::Heard;
use orders_contract::events::OrderRejected;
use postgres_kit::StoreError;

use crate::{
    App,
    app::News,
    domain::{Facts, Kind, reason},
};

pub(crate) async fn handle(app: App, heard: Heard<OrderRejected>) -> Result<(), StoreError> {
    let fact = &heard.fact;
    let facts = Facts::about(fact.order_id).with("reason", Some(reason(&fact.reason)));
    let (customer, order, kind) = (fact.customer_id, fact.order_id, Kind::Rejected);
    app.tell_customer(&heard, News { customer, order, kind, facts }).await
}
