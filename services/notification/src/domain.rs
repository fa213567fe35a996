//! The rules of messages. True on paper: no I/O, no clock, no wire.

mod facts;
mod kind;
mod send;
mod template;

pub(crate) use facts::{Facts, amount, clock_time, reason};
pub(crate) use kind::{Kind, Template};
pub(crate) use send::{Outcome, State, Verdict};
pub(crate) use template::Letter;
