//! The kitchen works on the order.

use event_kit::Heard;
use orders_contract::events::OrderPreparing;
use postgres_kit::StoreError;

use crate::{
    App,
    app::News,
    domain::{Facts, Kind, clock_time},
};

pub(crate) async fn handle(app: App, heard: Heard<OrderPreparing>) -> Result<(), StoreError> {
    let fact = &heard.fact;
    let facts = Facts::about(fact.order_id).with("promise", fact.promise_at.map(clock_time));
    let (customer, order, kind) = (fact.customer_id, fact.order_id, Kind::Preparing);
    app.tell_customer(&heard, News { customer, order, kind, facts }).await
}
