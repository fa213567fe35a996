//! `GET /v1/ledger/accounts`

use axum::extract::State;
use service_kit::{Answer, Caller, Operators, Page, Problem};

use super::wire;
use crate::App;

/// Lists what stands on the accounts, by name.
///
/// Debits are positive.
#[utoipa::path(
    get, path = "/v1/ledger/accounts", operation_id = "list_ledger_accounts", tag = "ledger",
    params(Page),
    responses((status = 200, body = wire::LedgerAccounts), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    _caller: Caller<Operators>,
    page: Page,
) -> Result<Answer<wire::LedgerAccounts>, Problem> {
    let mut balances = app.list_ledger_balances(page.after()?, page.limit + 1).await?;
    let next_cursor =
        wire::next(&page, &mut balances, |balance| (balance.account.clone(), balance.currency))?;
    let accounts = balances.into_iter().map(Into::into).collect();
    let body = wire::LedgerAccounts { accounts, next_cursor: next_cursor.clone() };
    Ok(Answer::ok(body).next(&page, next_cursor.as_deref()))
}
