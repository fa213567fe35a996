//! What is tried at the only door to the outside.

mod framing;
mod joined;
mod overload;
mod passing;
mod tokens;
mod tracking;
mod webhooks;
