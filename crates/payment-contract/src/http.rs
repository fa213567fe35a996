//! Bodies that the payment service takes and gives.

use common::types::{Cell, Currency, CustomerId, OrderId, PaymentId, StoreId, Text, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Asks for an authorization (`POST /v1/internal/payments`, key `order_id:authorize:generation`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Authorize {
    /// The order; one payment for each.
    pub order_id: OrderId,
    /// Who pays.
    pub customer_id: CustomerId,
    /// Who is paid.
    pub store_id: StoreId,
    /// The cell that owns the store.
    pub cell: Cell,
    /// How much, at most 100 000 000.
    pub amount_minor: u32,
    /// Of what.
    pub currency: Currency,
    /// Token of the card; never a card number.
    #[schema(value_type = String, example = "pm_approved")]
    pub payment_method_id: Text<64>,
    /// Number of the try that may charge, from 1.
    pub generation: u16,
}

/// Takes the money of an authorization (`POST /v1/internal/payments/{order_id}/capture`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Capture {
    /// How much; the rest of the authorization is freed.
    pub amount_minor: u32,
}

/// A payment, as services see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PaymentState {
    /// The payment.
    pub payment_id: PaymentId,
    /// The order.
    pub order_id: OrderId,
    /// A state of `docs/STATES.md`: `AUTHORIZING`, `AUTHORIZED`, `DECLINED`, `CAPTURED`, `VOIDED` and so on.
    /// One that ends in `ING` means: not decided yet, ask again.
    pub state: String,
    /// What the provider holds for us, or held.
    pub authorized_minor: i64,
    /// What was taken.
    pub captured_minor: i64,
    /// What was given back.
    pub refunded_minor: i64,
    /// Of what.
    pub currency: Currency,
    /// `retry-now`, `retry-later`, `other-method` or `do-not-retry`, where it was declined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decline_class: Option<String>,
}

/// A payment, as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Payment {
    /// The payment.
    pub payment_id: PaymentId,
    /// The order.
    pub order_id: OrderId,
    /// `pending`, `authorized`, `declined`, `captured`, `voided` or `refunded`.
    pub status: String,
    /// What is or was held.
    pub authorized_minor: i64,
    /// What was taken.
    pub captured_minor: i64,
    /// What was given back.
    pub refunded_minor: i64,
    /// Of what.
    pub currency: Currency,
    /// When it began.
    #[schema(value_type = String, format = "date-time")]
    pub created_at: Timestamp,
}

/// An act in the books; it sums to zero.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LedgerTransaction {
    /// The act.
    pub transaction_id: Uuid,
    /// The order it is about, where it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_id: Option<OrderId>,
    /// `authorize:1`, `capture:1`, `void:1` and so on.
    pub what: String,
    /// When.
    #[schema(value_type = String, format = "date-time")]
    pub at: Timestamp,
    /// Two or more.
    pub lines: Vec<LedgerLine>,
}

/// A line of an act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LedgerLine {
    /// The account, such as `payable:store:<id>`.
    pub account: String,
    /// Debits are positive, credits negative.
    pub amount_minor: i64,
    /// Of what.
    pub currency: Currency,
}

/// A page of acts, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LedgerTransactions {
    /// The acts.
    pub transactions: Vec<LedgerTransaction>,
    /// Leads to the next page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// What stands on an account in one currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LedgerAccount {
    /// The account.
    pub account: String,
    /// Of what.
    pub currency: Currency,
    /// Debits less credits.
    pub balance_minor: i64,
}

/// A page of accounts, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LedgerAccounts {
    /// The accounts.
    pub accounts: Vec<LedgerAccount>,
    /// Leads to the next page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}
