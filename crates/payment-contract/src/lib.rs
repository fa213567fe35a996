//! What the payment service promises to the others.

#[cfg(feature = "events")]
pub mod events;
#[cfg(feature = "http")]
pub mod http;
