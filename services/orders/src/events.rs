//! What the service tells, and what it hears.

mod on_delivery_completed;
mod on_delivery_failed;
mod on_delivery_picked_up;
mod on_menu_published;

use common::types::Timestamp;
use event_kit::Listeners;
use orders_contract::events::{
    Line, OrderCancelled, OrderCancelling, OrderCompleted, OrderConfirmed, OrderDelivered,
    OrderDispatched, OrderPlaced, OrderPreparing, OrderReady, OrderRejected, OrderUndelivered,
    TicketChanged,
};

use crate::{
    App,
    domain::{Actor, Order, State, Ticket},
};

/// Everything this service hears.
#[must_use]
pub fn listeners(app: &App) -> Listeners {
    Listeners::new("orders")
        .on(app, on_menu_published::handle)
        .on(app, on_delivery_picked_up::handle)
        .on(app, on_delivery_completed::handle)
        .on(app, on_delivery_failed::handle)
}

/// Builds a fact about `order`: the fields that all have, and those named.
macro_rules! fact {
    ($kind:ident, $order:expr $(, $field:ident: $value:expr)* $(,)?) => {
        $kind {
            order_id: $order.id,
            customer_id: $order.customer,
            store_id: $order.store,
            cell: $order.cell.clone(),
            $($field: $value,)*
        }
    };
}

fn lines(order: &Order) -> Vec<Line> {
    let line = |line: &crate::domain::Line| Line {
        item_id: line.item,
        quantity: line.quantity,
        unit_minor: line.unit_minor,
        options: line.options.clone(),
    };
    order.lines.iter().map(line).collect()
}

pub(crate) fn placed(order: &Order) -> OrderPlaced {
    fact!(OrderPlaced, order,
        fulfilment: order.fulfilment.name().to_owned(),
        lines: lines(order),
        total_minor: order.totals.total_minor,
        currency: order.totals.currency)
}

pub(crate) fn confirmed(order: &Order) -> OrderConfirmed {
    fact!(OrderConfirmed, order,
        fulfilment: order.fulfilment.name().to_owned(),
        promise_at: order.promise_at,
        lines: lines(order),
        authorized_minor: order.totals.total_minor,
        currency: order.totals.currency)
}

pub(crate) fn rejected(order: &Order) -> OrderRejected {
    fact!(OrderRejected, order, reason: cause(order))
}

pub(crate) fn preparing(order: &Order, at: Timestamp) -> OrderPreparing {
    fact!(OrderPreparing, order, at: at, promise_at: order.promise_at)
}

pub(crate) fn ready(order: &Order, at: Timestamp) -> OrderReady {
    fact!(OrderReady, order, at: at, promise_at: order.promise_at)
}

pub(crate) fn dispatched(order: &Order, at: Timestamp) -> OrderDispatched {
    fact!(OrderDispatched, order, at: at, promise_at: order.promise_at)
}

pub(crate) fn delivered(order: &Order, at: Timestamp) -> OrderDelivered {
    fact!(OrderDelivered, order, at: at)
}

pub(crate) fn undelivered(order: &Order, at: Timestamp) -> OrderUndelivered {
    fact!(OrderUndelivered, order, at: at, reason: cause(order))
}

pub(crate) fn cancelling(order: &Order, actor: Actor) -> OrderCancelling {
    fact!(OrderCancelling, order, cause: cause(order), actor_role: actor.name().to_owned())
}

pub(crate) fn cancelled(order: &Order, actor: Actor) -> OrderCancelled {
    fact!(OrderCancelled, order, cause: cause(order), actor_role: actor.name().to_owned())
}

pub(crate) fn completed(order: &Order, at: Timestamp) -> OrderCompleted {
    let paid = order.state == State::Completed;
    let captured_minor = if paid { order.totals.total_minor } else { 0 };
    fact!(OrderCompleted, order,
        captured_minor: captured_minor,
        goods_minor: order.totals.subtotal_minor,
        tip_minor: order.totals.tip_minor,
        currency: order.totals.currency,
        outcome: if paid { "paid" } else { "unpaid" }.to_owned(),
        completed_at: at)
}

pub(crate) fn ticket_changed(order: &Order, ticket: &Ticket) -> TicketChanged {
    fact!(TicketChanged, order,
        ticket_id: ticket.id,
        state: ticket.state.name().to_owned(),
        promised_at: ticket.promise_at,
        ready_p50: None)
}

fn cause(order: &Order) -> String {
    order.cause.clone().unwrap_or_else(|| "other".to_owned())
}
