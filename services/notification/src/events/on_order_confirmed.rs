//! The store has the order.

use event_kit::Heard;
use orders_contract::events::OrderConfirmed;
use postgres_kit::StoreError;

use crate::{
    App,
    app::News,
    domain::{Facts, Kind, amount, clock_time},
};

pub(crate) async fn handle(app: App, heard: Heard<OrderConfirmed>) -> Result<(), StoreError> {
    let fact = &heard.fact;
    let facts = Facts::about(fact.order_id)
        .with("fulfilment", Some(fact.fulfilment.clone()))
        .with("promise", fact.promise_at.map(clock_time))
        .with("amount", Some(amount(fact.authorized_minor, fact.currency)));
    let (customer, order, kind) = (fact.customer_id, fact.order_id, Kind::Confirmed);
    app.tell_customer(&heard, News { customer, order, kind, facts }).await
}
