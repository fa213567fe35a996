//! Who moves the money, in our words.

mod provider;
mod sandbox;
mod webhook;

pub use provider::Provider;
pub(crate) use provider::{NotDecided, PaymentProvider, Window};
pub use webhook::{NoSecret, WebhookSecret};
pub(crate) use webhook::{Signed, WebhookError};
