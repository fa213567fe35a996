//! DynamoDB: tables with a class, items as serde types, conditional writes whose refusal is a value.
//!
//! Nothing here is a system of record. What may be written how is decided by the table's
//! [`TableClass`], because in a table that two regions write, a condition sees one region only.

mod attempt;
mod client;
mod config;
#[cfg(any(test, feature = "embedded"))]
pub mod embedded;
mod error;
mod expiry;
mod key;
mod put;
mod query;
mod schema;
mod spec;
mod table;
pub mod tables;

pub use client::Dynamo;
pub use config::{DynamoConfig, connect};
pub use error::DynamoError;
pub use key::{Key, KeyPart};
pub use put::Put;
pub use query::{Cursor, Page, Query};
pub use table::{Attribute, AttributeKind, IndexDef, TableClass, TableDef};
