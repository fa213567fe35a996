//! The customer has the order.

use event_kit::Heard;
use orders_contract::events::OrderDelivered;
use postgres_kit::StoreError;

use crate::{
    App,
    app::News,
    domain::{Facts, Kind},
};

pub(crate) async fn handle(app: App, heard: Heard<OrderDelivered>) -> Result<(), StoreError> {
    let fact = &heard.fact;
    let facts = Facts::about(fact.order_id);
    let (customer, order, kind) = (fact.customer_id, fact.order_id, Kind::Delivered);
    app.tell_customer(&heard, News { customer, order, kind, facts }).await
}
