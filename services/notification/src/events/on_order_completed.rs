//! The order is delivered and paid: news only where its delivery was not.

use event_kit::Heard;
use orders_contract::events::OrderCompleted;
use postgres_kit::StoreError;

use crate::{
    App,
    app::News,
    domain::{Facts, Kind},
};

pub(crate) async fn handle(app: App, heard: Heard<OrderCompleted>) -> Result<(), StoreError> {
    let fact = &heard.fact;
    let facts = Facts::about(fact.order_id);
    let (customer, order, kind) = (fact.customer_id, fact.order_id, Kind::Delivered);
    app.tell_customer(&heard, News { customer, order, kind, facts }).await
}
