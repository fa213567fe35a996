//! The rules of orders. True on paper: no I/O, no clock, no wire.

mod by_hand;
mod cart;
mod deadline;
mod incident;
mod menu;
mod order;
mod owner;
mod pricing;
mod saga;
mod state;
mod ticket;
mod undelivered;

pub(crate) use by_hand::{RetryError, SECOND_PERSON_WITHIN_S, SKIPPED, SkipError, names};
pub(crate) use cart::{Cart, CartError, LINES_MAX, OPTIONS_MAX};
pub(crate) use deadline::{Deadlines, FORWARD_S};
pub(crate) use incident::{Incident, Severity, Trouble, incidents_in};
pub(crate) use menu::{Menu, MenuItem, MenuOption, StoreTerms};
#[cfg(test)]
pub(crate) use order::tests;
pub(crate) use order::{
    Actor, Address, CancelError, Fulfilment, GENERATIONS, Line, NewOrder, Order, StepError, Totals,
};
pub(crate) use owner::{Narrowed, Owner};
pub(crate) use pricing::{Ask, AskLine, PriceError, price};
#[cfg(test)]
pub(crate) use saga::world as saga_world;
pub(crate) use saga::{Call, Heard, Plan, Progress, Verdict, backoff_ms, calls_in, calls_of, next};
pub(crate) use state::{LEGAL, State};
#[cfg(test)]
pub(crate) use ticket::TICKET_LEGAL;
pub(crate) use ticket::{Ticket, TicketError, TicketState};
pub(crate) use undelivered::Decision;
