//! The rules of payments and of the ledger. True on paper: no I/O, no clock, no wire.

mod call;
mod decline;
mod ledger;
mod payment;
mod state;
mod terms;

pub(crate) use call::{Answer, Asked, Outcome, Step};
pub(crate) use decline::DeclineClass;
pub(crate) use ledger::Posting;
pub(crate) use payment::{CaptureError, Changed, Errand, Fact, News, Payment, Standing, VoidError};
pub(crate) use state::State;
pub(crate) use terms::{Terms, TermsError};
