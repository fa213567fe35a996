//! Bodies that the payment service takes and gives.

use common::types::{
    Cell, Currency, CustomerId, ItemId, OrderId, PaymentId, Quantity, StoreId, Text, Timestamp,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Asks for an authorization whose money is taken once, later (`POST /v1/internal/payments`, key
/// `order_id:authorize:generation`).
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

/// All that may be said of an authorization; [`Authorize`] is what most say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AskPayment {
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
    /// When the money is taken, and in how many parts.
    #[serde(default)]
    pub capture_method: CaptureMethod,
}

/// When held money is taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CaptureMethod {
    /// Once, when somebody asks; the rest is freed.
    #[default]
    Manual,
    /// All of it, as soon as it is held.
    Automatic,
    /// In parts, as somebody asks; with the last the rest is freed.
    Multiple,
}

/// Takes the money of an authorization, once (`POST /v1/internal/payments/{order_id}/capture`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Capture {
    /// How much; the rest of the authorization is freed.
    pub amount_minor: u32,
}

/// All that may be said of a capture; [`Capture`] is what most say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AskCapture {
    /// How much.
    pub amount_minor: u32,
    /// Number of the part, from 1 to 20, where money is taken in parts; the same number is the same part.
    #[serde(default = "first")]
    #[schema(default = 1, minimum = 1, maximum = 20)]
    pub part: u8,
    /// Whether the rest is freed, where money is taken in parts. Without parts it always is.
    #[serde(default)]
    pub last: bool,
}

const fn first() -> u8 {
    1
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

/// Asks that taken money be given back (`POST /v1/payments/{payment_id}/refunds`): an amount, or lines whose
/// amounts add up to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AskRefund {
    /// How much, where no lines say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount_minor: Option<u32>,
    /// For what: 1 to 50 lines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<RefundLine>,
    /// Why.
    pub reason: RefundReason,
    /// Who bears it.
    pub liable: Liable,
}

/// Goods whose price is given back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefundLine {
    /// The goods.
    pub item_id: ItemId,
    /// How many.
    #[schema(value_type = u8, minimum = 1, maximum = 99)]
    pub quantity: Quantity,
    /// How much for all of them.
    pub amount_minor: u32,
}

/// Why money is given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RefundReason {
    /// It was not in the bag.
    MissingItem,
    /// Something else was in the bag.
    WrongItem,
    /// It could not be made.
    ProductionFailure,
    /// It was not good.
    Quality,
    /// It was too warm on its way.
    ColdChain,
    /// It came too late.
    Late,
    /// The order was called off after the money was taken.
    OrderCancelled,
    /// It was paid twice.
    Duplicate,
    /// Something else.
    Other,
}

/// Who bears a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Liable {
    /// The store.
    Store,
    /// We.
    Platform,
    /// The courier.
    Courier,
    /// Nobody: we are kind.
    Goodwill,
}

/// Money on its way back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Refund {
    /// The refund.
    pub refund_id: Uuid,
    /// Of this payment.
    pub payment_id: PaymentId,
    /// Of this order.
    pub order_id: OrderId,
    /// `AWAITING_APPROVAL`, `SUBMITTING`, `SUCCEEDED`, `FAILED` (it is tried again), `REFUSED` or `MANUAL`
    /// (a person has to find another way).
    pub state: String,
    /// How much.
    pub amount_minor: i64,
    /// Of what.
    pub currency: Currency,
    /// Why.
    pub reason: RefundReason,
    /// Who bears it.
    pub liable: Liable,
    /// For what, where somebody said so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<RefundLine>,
    /// The number of its credit note, once the money went back; without gaps for each store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credit_note_no: Option<i64>,
    /// When it was asked for.
    #[schema(value_type = String, format = "date-time")]
    pub created_at: Timestamp,
}

/// Says whether a second person agrees (`POST /v1/refunds/{refund_id}/approve`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApproveRefund {
    /// False ends the refund.
    pub approve: bool,
}

/// Where the provider's books and ours differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Break {
    /// The break.
    pub break_id: Uuid,
    /// With whom.
    pub provider: String,
    /// `unknown-operation`, `outcome-differs`, `amount-differs`, `missing-at-provider`, `contradiction` or
    /// `refund-refused`; of a daily file `missing-here`, `missing-there`, `amount-differs`, `currency-differs` or
    /// `file-missing`.
    pub kind: String,
    /// The key of the call, or the provider's name for what it did.
    pub call_key: String,
    /// The order, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_id: Option<OrderId>,
    /// The payment, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment_id: Option<PaymentId>,
    /// What we say.
    pub ours: String,
    /// How much, where we know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ours_minor: Option<i64>,
    /// What the provider says.
    pub theirs: String,
    /// How much, where it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub theirs_minor: Option<i64>,
    /// When it was found.
    #[schema(value_type = String, format = "date-time")]
    pub found_at: Timestamp,
    /// The day of the provider's file that showed it; such a break closes by itself once both agree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = "date")]
    pub file_day: Option<String>,
    /// When it was settled, where it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = "date-time")]
    pub resolved_at: Option<Timestamp>,
    /// By whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved_by: Option<Uuid>,
    /// And how.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolution: Option<String>,
}

/// A page of breaks, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Breaks {
    /// The breaks.
    pub breaks: Vec<Break>,
    /// Leads to the next page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// Says how a break was settled (`POST /v1/reconciliation/breaks/{break_id}/resolve`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResolveBreak {
    /// What was found, and what was done.
    #[schema(value_type = String, min_length = 1)]
    pub resolution: Text<280>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_says_nothing_of_parts_or_of_the_method_means_one_capture_later() {
        const SHORT: &str = concat!(
            r#"{"order_id":"0191e4b0-0000-5000-8000-000000000001","#,
            r#""customer_id":"0191e4b0-0000-7000-8000-000000000002","#,
            r#""store_id":"0191e4b0-0000-7000-8000-000000000003","cell":"east-a","#,
            r#""amount_minor":1250,"currency":"USD","payment_method_id":"pm_approved","generation":1}"#,
        );
        let short: Authorize = serde_json::from_str(SHORT).unwrap();
        assert_eq!(serde_json::to_string(&short).unwrap(), SHORT);

        let ask: AskPayment = serde_json::from_str(SHORT).unwrap();
        let capture: AskCapture = serde_json::from_str(r#"{"amount_minor":1000}"#).unwrap();

        assert_eq!(ask.capture_method, CaptureMethod::Manual);
        assert_eq!(capture, AskCapture { amount_minor: 1000, part: 1, last: false });
    }
}
