//! What is tried at the only door to the outside.

mod framing;
mod passing;
mod tokens;
mod tracking;
