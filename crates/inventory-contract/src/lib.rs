//! What the inventory service promises to the others.

pub mod catalogue;
#[cfg(feature = "events")]
pub mod events;
#[cfg(feature = "http")]
pub mod http;
