//! The rules of orders. True on paper: no I/O, no clock, no wire.

mod cart;
mod menu;
mod order;
mod owner;
mod pricing;
mod saga;
mod state;
mod ticket;

pub(crate) use cart::{Cart, CartError, LINES_MAX, OPTIONS_MAX};
pub(crate) use menu::{Menu, MenuItem, MenuOption, StoreTerms};
pub(crate) use order::{
    Actor, Address, CancelError, FORWARD_S, Fulfilment, Line, NewOrder, Order, StepError, Totals,
};
pub(crate) use owner::{Narrowed, Owner};
pub(crate) use pricing::{Ask, AskLine, PriceError, price};
pub(crate) use saga::{Call, Heard, Plan, Progress, Verdict, backoff_ms, calls_of, next};
#[cfg(test)]
pub(crate) use state::LEGAL;
pub(crate) use state::State;
#[cfg(test)]
pub(crate) use ticket::TICKET_LEGAL;
pub(crate) use ticket::{Ticket, TicketError, TicketState};
