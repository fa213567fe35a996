//! Domain words to wire words and back.

use common::types::{Currency, OrderId};
use payment_contract::http;
use serde::{Deserialize, Serialize};
use service_kit::{Page, Problem};
use utoipa::IntoParams;

pub(super) use payment_contract::http::{
    ApproveRefund, AskCapture, AskPayment, AskRefund, Break, Breaks, LedgerAccount, LedgerAccounts,
    LedgerLine, LedgerTransaction, LedgerTransactions, Payment, PaymentState, Refund, ResolveBreak,
};

mod breaks;
mod refunds;

pub(super) use breaks::{WhichBreaks, no_words};

use crate::{
    app::{AuthorizeError, Balance, Entry, Found},
    domain::{self, CaptureMethod, DeclineClass, Part, Terms, TermsError},
};

/// Which payment.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct OfOrder {
    /// The order.
    pub(super) order_id: OrderId,
}

/// Which transactions.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct MaybeOfOrder {
    /// Only those of this order.
    pub(super) order_id: Option<OrderId>,
}

impl TryFrom<AskPayment> for Terms {
    type Error = TermsError;

    fn try_from(body: AskPayment) -> Result<Self, TermsError> {
        let terms = Self {
            order: body.order_id,
            customer: body.customer_id,
            store: body.store_id,
            cell: body.cell,
            amount_minor: body.amount_minor.into(),
            currency: body.currency,
            method: body.payment_method_id,
            generation: body.generation.into(),
            capture: body.capture_method.into(),
        };
        terms.check()
    }
}

impl From<http::CaptureMethod> for CaptureMethod {
    fn from(method: http::CaptureMethod) -> Self {
        match method {
            http::CaptureMethod::Manual => Self::Manual,
            http::CaptureMethod::Automatic => Self::Automatic,
            http::CaptureMethod::Multiple => Self::Multiple,
        }
    }
}

impl From<AskCapture> for Part {
    fn from(body: AskCapture) -> Self {
        let AskCapture { amount_minor, part, last } = body;
        Self { number: part.into(), amount_minor: amount_minor.into(), last }
    }
}

impl From<&domain::Payment> for PaymentState {
    fn from(payment: &domain::Payment) -> Self {
        let now = payment.standing();
        Self {
            payment_id: payment.id(),
            order_id: payment.order(),
            state: now.state.name().to_owned(),
            authorized_minor: now.authorized_minor,
            captured_minor: now.captured_minor,
            refunded_minor: now.refunded_minor,
            currency: payment.currency().unwrap_or_else(no_currency),
            decline_class: now.decline.map(DeclineClass::name).map(str::to_owned),
        }
    }
}

impl From<&Found> for Payment {
    fn from(found: &Found) -> Self {
        let (payment, now) = (&found.payment, found.payment.standing());
        Self {
            payment_id: payment.id(),
            order_id: payment.order(),
            status: status(now).to_owned(),
            authorized_minor: now.authorized_minor,
            captured_minor: now.captured_minor,
            refunded_minor: now.refunded_minor,
            currency: payment.currency().unwrap_or_else(no_currency),
            created_at: found.created_at,
        }
    }
}

fn status(now: &domain::Standing) -> &'static str {
    let all_given_back = now.captured_minor > 0 && now.refunded_minor == now.captured_minor;
    if all_given_back { "refunded" } else { now.state.status() }
}

impl From<Entry> for LedgerTransaction {
    fn from(entry: Entry) -> Self {
        let lines = entry.lines.into_iter().map(|line| LedgerLine {
            account: line.account,
            amount_minor: line.amount_minor,
            currency: line.currency,
        });
        Self {
            transaction_id: entry.id,
            order_id: entry.order,
            what: entry.what,
            at: entry.at,
            lines: lines.collect(),
        }
    }
}

impl From<Balance> for LedgerAccount {
    fn from(balance: Balance) -> Self {
        let Balance { account, currency, sum_minor } = balance;
        Self { account, currency, balance_minor: sum_minor }
    }
}

/// Cuts the row beyond the page off; where there was one, the cursor that leads to it.
pub(super) fn next<T, K: Serialize>(
    page: &Page,
    rows: &mut Vec<T>,
    key: impl Fn(&T) -> K,
) -> Result<Option<String>, Problem> {
    let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    rows.truncate(limit);
    match rows.last() {
        Some(last) if more => page.cursor_for(&key(last)).map(Some),
        _ => Ok(None),
    }
}

/// A refusal with its class where a program can read it: `errors[0].detail`.
pub(super) fn refusal(error: AuthorizeError) -> Problem {
    let class = match &error {
        AuthorizeError::Declined(class) => Some(class.name()),
        _ => None,
    };
    let problem = Problem::from(error);
    match class {
        Some(class) => problem.pointing("/payment_method_id", class),
        None => problem,
    }
}

/// ISO 4217: a transaction without currency.
fn no_currency() -> Currency {
    Currency::parse("XXX").unwrap_or(Currency::USD)
}
