//! The order waits for its courier or its customer.

use event_kit::Heard;
use orders_contract::events::OrderReady;
use postgres_kit::StoreError;

use crate::{
    App,
    app::News,
    domain::{Facts, Kind},
};

pub(crate) async fn handle(app: App, heard: Heard<OrderReady>) -> Result<(), StoreError> {
    let fact = &heard.fact;
    let facts = Facts::about(fact.order_id);
    let (customer, order, kind) = (fact.customer_id, fact.order_id, Kind::Ready);
    app.tell_customer(&heard, News { customer, order, kind, facts }).await
}
