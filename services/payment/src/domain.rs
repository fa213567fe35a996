//! The rules of payments, refunds and of the ledger. True on paper: no I/O, no clock, no wire.

mod call;
mod decline;
mod ledger;
mod payment;
mod recon;
mod refund;
mod settlement;
mod state;
mod terms;

pub(crate) use call::{Answer, Asked, CallKey, Outcome, Step};
pub(crate) use decline::DeclineClass;
pub(crate) use ledger::Posting;
pub(crate) use payment::{
    AgainError, Applied, CaptureError, CaptureMethod, Changed, Errand, Fact, News, Part, Payment,
    Standing, Surplus, Taking, Told, VoidError,
};
pub(crate) use recon::{About, Difference, Known, Operation, Verdict, compare};
pub(crate) use refund::{
    ApproveError, Liable, Reason, Refund, RefundError, RefundHeard, RefundLine, RefundState,
    RefundTerms, Refundable, total_minor,
};
pub(crate) use settlement::{SettledKind, SettledRow};
pub(crate) use state::State;
pub(crate) use terms::{Terms, TermsError};
