//! Other services, in our words: an answer is done, refused, or unknown and asked again.

mod fleet;
mod inventory;
mod payment;

pub use fleet::Fleet;
pub use inventory::Inventory;
pub use payment::Payment;

use common::mutants;
use serde::de::IgnoredAny;
use service_kit::{Call, CallError};

use crate::domain::{self, Heard, Order};

/// The key of a call: the same order, call and generation are the same request, whoever makes it.
fn key_of(order: &Order, call: domain::Call) -> String {
    format!("{}_{}_{}", order.id, call.name(), call.generation(order))
}

/// Makes a call. `None`: nobody knows, ask again.
async fn ask(call: Call) -> Option<Heard> {
    match call.send::<IgnoredAny>().await {
        Ok(IgnoredAny) => Some(Heard::Done),
        Err(CallError::Refused { code, .. }) => Some(Heard::Refused(code)),
        Err(_) if mutants::on("fail_on_timeout") => Some(Heard::Refused("timeout".to_owned())),
        Err(error) => {
            tracing::debug!(error = %error, "no definite answer");
            None
        }
    }
}
