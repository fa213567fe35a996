//! What travels.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::book::{Operation, State};

/// Asks to set money aside.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Authorize {
    /// Minor units of `currency`, more than 0.
    pub amount_minor: i64,
    /// ISO 4217.
    pub currency: common::types::Currency,
    /// A token for the customer's means of payment; it is neither logged nor kept.
    pub method: String,
    /// What the money is for: the order's id.
    pub reference: String,
}

/// Asks to take money that was set aside.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Capture {
    /// Minor units of the authorization's currency, more than 0.
    pub amount_minor: i64,
    /// Which one of several, where the caller numbers them; it is kept and not judged.
    pub part: Option<u32>,
    /// Whether more will be taken; else the rest is let go.
    #[serde(default)]
    pub more: bool,
}

/// Asks to give money back that was taken.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refund {
    /// Minor units of the authorization's currency, more than 0.
    pub amount_minor: i64,
}

/// Asks that the authorization asked for with `key` shall not stand, whether or not it arrived.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AskVoidByKey {
    /// The `Idempotency-Key` of the authorization.
    pub key: String,
}

/// An authorization as it was right after the operation.
#[derive(Debug, Serialize, Deserialize, PartialEq)]
pub struct Authorization {
    /// Its id.
    pub id: Uuid,
    /// `authorized`, `partly_captured`, `captured`, `voided` or `expired`.
    pub state: State,
    /// What this operation was about, in minor units.
    pub amount_minor: i64,
    /// What has been captured so far.
    pub captured_minor: i64,
    /// What has been given back so far.
    pub refunded_minor: i64,
    /// ISO 4217.
    pub currency: common::types::Currency,
    /// The caller's reference.
    pub reference: String,
    /// The key of this operation.
    pub key: String,
}

/// What became of a key that shall not stand.
#[derive(Debug, Serialize, Deserialize, PartialEq)]
pub struct VoidByKey {
    /// The authorization's key.
    pub key: String,
    /// `voided`, `declined` or `expired`; `tombstoned` if it never arrived, and never will be executed.
    pub state: State,
    /// The authorization, if there is one.
    pub authorization_id: Option<Uuid>,
    /// What was taken of it; what was let go is the rest.
    pub captured_minor: i64,
}

/// A page of the journal.
#[derive(Debug, Serialize, Deserialize)]
pub struct Operations {
    /// In the order of their execution.
    pub operations: Vec<Operation>,
    /// Where the next page begins: pass it as `after`.
    pub next_after: usize,
    /// Whether there may be a next page.
    pub more: bool,
}

/// What a webhook says (Standard Webhooks 1.0.0). Its id is in the header `webhook-id`.
#[derive(Debug, Serialize, Deserialize)]
pub struct Webhook {
    /// `authorization.authorized`, `.declined`, `.captured`, `.voided`, `.tombstoned` or `.expired`;
    /// `refund.succeeded` or `.failed`.
    pub r#type: String,
    /// When it happened.
    pub timestamp: jiff::Timestamp,
    /// What happened.
    pub data: Operation,
}

/// A refusal.
#[derive(Debug, Serialize, Deserialize)]
pub struct Refused {
    /// A stable word.
    pub code: String,
    /// For people.
    pub message: String,
    /// For a decline: `retry-now`, `retry-later`, `other-method` or `do-not-retry`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decline_class: Option<String>,
}
