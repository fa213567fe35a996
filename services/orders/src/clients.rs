//! Other services, in our words: an answer is done, refused, or unknown and asked again.

mod fleet;
mod inventory;
mod payment;

pub use fleet::Fleet;
pub use inventory::Inventory;
pub use payment::Payment;

use serde::de::IgnoredAny;
use service_kit::{Call, CallError};

use crate::domain::{Heard, Order};

/// The key of a call: the same order and call are the same request, whoever makes it.
fn key_of(order: &Order, call: &str) -> String {
    format!("{}_{call}_1", order.id)
}

/// Makes a call. `None`: nobody knows, ask again.
async fn ask(call: Call) -> Option<Heard> {
    match call.send::<IgnoredAny>().await {
        Ok(IgnoredAny) => Some(Heard::Done),
        Err(CallError::Refused { code, .. }) => Some(Heard::Refused(code)),
        Err(error) => {
            tracing::debug!(error = %error, "no definite answer");
            None
        }
    }
}
