//! The tables of the identity database.

pub(crate) mod accounts;
pub(crate) mod attempts;
pub(crate) mod sessions;
