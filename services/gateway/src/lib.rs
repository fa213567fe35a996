//! The gateway: the only door to the outside. It proves who asks, bounds how often, and passes on.

mod access;
mod app;
#[cfg(test)]
mod bench;
mod config;
mod docs;
#[cfg(test)]
mod doubts;
mod edge;
mod neighbours;
mod pace;
mod proxy;
pub mod routes;
mod track;

pub use access::Access;
pub use app::App;
pub use config::{Config, EdgeConfig, RateConfig};
pub use edge::around;
pub use neighbours::Neighbours;
pub use pace::Pace;
pub use proxy::Upstreams;
