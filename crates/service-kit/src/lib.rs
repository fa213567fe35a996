//! Everything a service would otherwise write itself.

// In reading order: what a service is, how it runs, what it is asked, what it answers, whom it asks.
mod admin;
mod config;
pub mod context;
mod kit;
pub mod lifecycle;
pub mod metrics;
mod run;
mod server;
mod service;
pub mod stack;

mod answer;
mod extract;
mod problem;

pub mod client;
pub mod keys;
pub mod letters;
pub mod token;
pub mod xray;

pub use answer::{Accepted, Answer, Created, NoContent, Stored};
pub use client::{Call, CallError, Client};
pub use config::{HttpConfig, Limits};
pub use extract::{
    Admins, Allowed, Anyone, Caller, Couriers, Customers, Dispatchers, IfMatch, Key, Keyed,
    Managers, Operators, Page, Path, Query, Services, Staff, ValidJson,
};
pub use kit::{Kit, Stop};
pub use problem::{PROBLEM_JSON, Problem};
pub use run::run;
pub use service::{Service, document};
pub use stack::{Intake, IntakeConfig, Plan, Rank, Seat, Undertaking, body_limit};
pub use token::Signer;
pub use utoipa::openapi::OpenApi;
pub use utoipa_axum::router::OpenApiRouter;
