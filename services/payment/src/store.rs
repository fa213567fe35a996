//! The tables of the payment database.

pub(crate) mod ledger;
pub(crate) mod payments;

#[cfg(test)]
mod live;
