//! The payment API, as a table of contents.

mod approve_refund;
mod authorize_payment;
mod capture_payment;
mod find_internal_payment;
mod find_payment;
mod find_payment_by_key;
mod find_payment_of_order;
mod find_refund;
mod hear_provider;
mod list_breaks;
mod list_ledger_accounts;
mod list_ledger_transactions;
mod refund_payment;
mod resolve_break;
mod void_payment;
mod wire;
mod xray;

use service_kit::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;

/// Every operation of the service.
#[must_use]
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(find_payment::handle))
        .routes(routes!(find_payment_of_order::handle))
        .routes(routes!(refund_payment::handle))
        .routes(routes!(find_refund::handle))
        .routes(routes!(approve_refund::handle))
        .routes(routes!(hear_provider::handle))
        .routes(routes!(list_breaks::handle))
        .routes(routes!(resolve_break::handle))
        .routes(routes!(list_ledger_accounts::handle))
        .routes(routes!(list_ledger_transactions::handle))
        .routes(routes!(authorize_payment::handle))
        .routes(routes!(capture_payment::handle))
        .routes(routes!(void_payment::handle))
        .routes(routes!(find_payment_by_key::handle))
        .routes(routes!(find_internal_payment::handle))
        .routes(routes!(xray::handle))
}
