//! The world outside, as processes with journals: a payment provider and a mailbox.
//!
//! Nothing here is shared with the services but the wire: the sandbox exists to doubt them, so it
//! keeps its own books, and `cloudeats check` compares those with theirs.

pub mod journal;
pub mod mailbox;
pub mod provider;
pub mod server;
