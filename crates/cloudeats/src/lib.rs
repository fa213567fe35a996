//! The operator's and developer's command: private engines, the services above them, and judges of both.

pub mod api;
pub mod authority;
pub mod bruno;
pub mod chaos;
pub mod check;
pub mod commands;
pub mod dead_letters;
pub mod engines;
pub mod history;
pub mod kill_each;
pub mod layout;
mod look;
pub mod mqtt;
pub mod mutants;
pub mod ports;
pub mod process;
pub mod run;
pub mod scratch;
pub mod secrets;
pub mod seed;
pub mod simulate;
pub mod site;
pub mod stack;
pub mod trace;
