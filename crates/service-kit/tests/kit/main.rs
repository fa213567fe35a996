//! What the kit promises, in sentences.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "helpers of tests fail as tests do, and tests start tasks of their own"
)]

mod admission;
mod answers;
mod bodies;
mod client;
mod drain;
mod extractors;
mod forward;
mod letters;
mod problems;
mod sockets;
mod stack;
mod tokens;
mod wire;
