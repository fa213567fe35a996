//! What makes a fact publishable.

use serde::{Serialize, de::DeserializeOwned};

use super::{Cell, OrderId};

/// A fact that other services may hear.
pub trait Event: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The `CloudEvents` type. Another shape is another type, published beside this one.
    const TYPE: &'static str;

    /// What the fact is about, at most 128 bytes: partition key and scope of order. Its place in that
    /// thing's history is drawn by the outbox, not by the fact.
    fn key(&self) -> String;

    /// The order to which the fact belongs, if it belongs to one: `correlationid` in the envelope.
    fn order(&self) -> Option<OrderId> {
        None
    }

    /// The cell in which it happened, if it happened in one: `cell` in the envelope.
    fn cell(&self) -> Option<&Cell> {
        None
    }
}
