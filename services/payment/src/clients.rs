//! Who moves the money, in our words.

mod provider;
mod sandbox;

pub use provider::Provider;
pub(crate) use provider::{NotDecided, PaymentProvider};
