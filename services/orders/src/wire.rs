//! Domain words to wire words and back.
//!
//! It stands beside `routes` and not in it, because the saga keeps answers as they leave.

mod saga_act;

use axum::http::StatusCode;
use common::types::{Class, GeoPoint, Text};
use orders_contract::http as wire;
use service_kit::{Problem, Stored};

use crate::{
    domain::{
        Address, Ask, AskLine, Cart, Fulfilment, Line, OPTIONS_MAX, Order, State, Ticket, Totals,
    },
    store::{incidents::Stored as Incident, transitions::Transition},
};

pub(crate) use saga_act::{ActOnSaga, SagaAct, SkipStep, saga_act};

/// An order, as its customer and its store see it.
pub(crate) fn order(order: &Order) -> wire::Order {
    wire::Order {
        order_id: order.id,
        number: order.number,
        customer_id: order.customer,
        store_id: order.store,
        cell: order.cell.clone(),
        fulfilment: fulfilment(order.fulfilment),
        state: order.state.name().to_owned(),
        status: order.state.status().to_owned(),
        cause: order.cause.clone(),
        lines: order.lines.iter().map(line).collect(),
        totals: totals(order.totals),
        promise_at: order.promise_at,
        created_at: order.created_at,
        version: order.version,
    }
}

/// A row of the list of orders under way.
pub(crate) fn active_order(order: &Order) -> wire::ActiveOrder {
    wire::ActiveOrder {
        order_id: order.id,
        number: order.number,
        customer_id: order.customer,
        store_id: order.store,
        fulfilment: fulfilment(order.fulfilment),
        state: order.state.name().to_owned(),
        status: order.state.status().to_owned(),
        total_minor: order.totals.total_minor,
        currency: order.totals.currency,
        pieces: order.pieces(),
        promise_at: order.promise_at,
        created_at: order.created_at,
        version: order.version,
    }
}

/// A kitchen ticket.
pub(crate) fn ticket(ticket: &Ticket) -> wire::Ticket {
    let lines = ticket.lines.iter().map(|line| wire::TicketLine {
        item_id: line.item,
        name: line.name.clone(),
        quantity: line.quantity,
        options: line.options.clone(),
        note: line.note.clone(),
        station: line.station.clone(),
        allergens: line.allergens.clone(),
    });
    wire::Ticket {
        ticket_id: ticket.id,
        order_id: ticket.order,
        store_id: ticket.store,
        number: ticket.number,
        fulfilment: fulfilment(ticket.fulfilment),
        state: ticket.state.name().to_owned(),
        lines: lines.collect(),
        prep_s: ticket.prep_s,
        promise_at: ticket.promise_at,
        created_at: ticket.created_at,
        version: ticket.version,
    }
}

/// A cart.
pub(crate) fn cart(cart: &Cart) -> wire::Cart {
    wire::Cart {
        cart_id: cart.id,
        customer_id: cart.customer,
        store_id: cart.store,
        lines: cart.lines.iter().map(cart_line).collect(),
        expires_at: cart.expires_at,
        version: cart.version,
    }
}

/// A line of a cart; what was stored was valid.
pub(crate) fn cart_line(line: &AskLine) -> wire::OrderLine {
    wire::OrderLine {
        item_id: line.item,
        quantity: line.quantity,
        options: line.options.iter().filter_map(|slug| Text::new(slug).ok()).collect(),
        note: line.note.as_deref().and_then(|note| Text::new(note).ok()),
    }
}

/// A step of an order, as the tracking stream tells it.
pub(crate) fn tracked(order: &Order, step: &Transition) -> wire::TrackedState {
    wire::TrackedState {
        order_id: order.id,
        seq: step.seq,
        state: step.to.name().to_owned(),
        status: step.to.status().to_owned(),
        cause: step.cause.clone(),
        at: step.at,
        promise_at: order.promise_at,
        ended: step.to.ended(),
    }
}

/// What a person has to look at.
pub(crate) fn incident(incident: Incident) -> wire::Incident {
    let resolved = incident.resolved;
    wire::Incident {
        incident_id: incident.id,
        order_id: incident.order,
        store_id: incident.store,
        kind: incident.trouble,
        about: incident.about,
        severity: incident.severity,
        order_state: incident.state,
        detail: incident.detail,
        at: incident.at,
        resolved_at: resolved.as_ref().map(|resolved| resolved.at),
        resolved_by: resolved.as_ref().map(|resolved| resolved.by),
        note: resolved.map(|resolved| resolved.note),
    }
}

/// What a customer asks for. 422 where an address is no place, or a line has too many options.
pub(crate) fn ask(body: &wire::PlaceOrder) -> Result<Ask, Problem> {
    Ok(Ask {
        fulfilment: match body.fulfilment {
            wire::Fulfilment::Delivery => Fulfilment::Delivery,
            wire::Fulfilment::Pickup => Fulfilment::Pickup,
        },
        lines: ask_lines(&body.lines)?,
        address: body.address.as_ref().map(address).transpose()?,
        tip_minor: i64::from(body.tip_minor),
    })
}

/// Lines of a cart or an order.
pub(crate) fn ask_lines(lines: &[wire::OrderLine]) -> Result<Vec<AskLine>, Problem> {
    lines.iter().enumerate().map(|(place, line)| ask_line(place, line)).collect()
}

/// The line at `place`.
pub(crate) fn ask_line(place: usize, line: &wire::OrderLine) -> Result<AskLine, Problem> {
    if line.options.len() > OPTIONS_MAX {
        return Err(Problem::new(Class::Invalid, "invalid-body")
            .pointing(format!("/lines/{place}/options"), "a line has at most 10 options"));
    }
    Ok(AskLine {
        item: line.item_id,
        quantity: line.quantity,
        options: line.options.iter().map(|slug| slug.as_str().to_owned()).collect(),
        note: line.note.as_ref().map(|note| note.as_str().to_owned()),
    })
}

fn address(address: &wire::Address) -> Result<Address, Problem> {
    let place = GeoPoint::new(address.lat, address.lon).map_err(|error| {
        Problem::new(Class::Invalid, "invalid-body").pointing("/address", error.to_string())
    })?;
    Ok(Address {
        place,
        text: address.text.as_str().to_owned(),
        instructions: address.instructions.as_ref().map(|text| text.as_str().to_owned()),
    })
}

fn line(line: &Line) -> wire::PricedLine {
    wire::PricedLine {
        item_id: line.item,
        name: line.name.clone(),
        quantity: line.quantity,
        options: line.options.clone(),
        note: line.note.clone(),
        unit_minor: line.unit_minor,
        total_minor: line.total_minor,
    }
}

const fn totals(totals: Totals) -> wire::Totals {
    wire::Totals {
        subtotal_minor: totals.subtotal_minor,
        tax_minor: totals.tax_minor,
        delivery_fee_minor: totals.delivery_fee_minor,
        tip_minor: totals.tip_minor,
        total_minor: totals.total_minor,
        currency: totals.currency,
    }
}

const fn fulfilment(how: Fulfilment) -> wire::Fulfilment {
    match how {
        Fulfilment::Delivery => wire::Fulfilment::Delivery,
        Fulfilment::Pickup => wire::Fulfilment::Pickup,
    }
}

/// The answer to who placed `order`, as far as it is decided; 202 while it is not.
pub(crate) fn decision(decided: &Order) -> Option<Stored> {
    let location = Some(format!("/v1/orders/{}", decided.id));
    let status = match decided.state {
        State::Rejected | State::Cancelling if !decided.confirmed => {
            let cause = decided.cause.as_deref().unwrap_or_default();
            return Some(Stored::refusal(&refusal(cause)));
        }
        _ if decided.confirmed => StatusCode::CREATED,
        _ => StatusCode::ACCEPTED,
    };
    Stored::first(status, &order(decided), location).ok()
}

/// What a customer is told whose order was not confirmed.
fn refusal(cause: &str) -> Problem {
    match cause {
        "payment-declined" => Problem::new(Class::Declined, "payment-declined")
            .saying("the payment was declined; nothing was charged and nothing is held"),
        "out-of-stock" => Problem::new(Class::Conflict, "out-of-stock")
            .saying("not everything in the order is there any more; nothing was charged"),
        _ => Problem::new(Class::Conflict, "order-rejected")
            .saying("the order was not confirmed; nothing was charged"),
    }
}
