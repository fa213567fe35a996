//! The operator's and developer's command: private engines, the services above them, and judges of both.

pub mod api;
pub mod commands;
pub mod engines;
pub mod history;
pub mod layout;
mod look;
pub mod mqtt;
pub mod ports;
pub mod process;
pub mod secrets;
pub mod seed;
pub mod simulate;
pub mod site;
pub mod stack;
