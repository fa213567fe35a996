//! The tables of the payment database.

pub(crate) mod ledger;
pub(crate) mod notices;
pub(crate) mod payments;
pub(crate) mod recon;
pub(crate) mod refunds;
pub(crate) mod settlements;
pub(crate) mod xray;

#[cfg(test)]
mod live;
