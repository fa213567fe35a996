//! `GET /v1/ledger/transactions`

use axum::extract::State;
use service_kit::{Answer, Caller, Operators, Page, Problem, Query};

use super::wire;
use crate::App;

/// Lists acts in the books, newest first.
///
/// Debits are positive; each act sums to zero.
#[utoipa::path(
    get, path = "/v1/ledger/transactions", operation_id = "list_ledger_transactions", tag = "ledger",
    params(Page, wire::MaybeOfOrder),
    responses((status = 200, body = wire::LedgerTransactions), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    _caller: Caller<Operators>,
    page: Page,
    Query(query): Query<wire::MaybeOfOrder>,
) -> Result<Answer<wire::LedgerTransactions>, Problem> {
    let mut entries =
        app.list_ledger_entries(query.order_id, page.after()?, page.limit + 1).await?;
    let next_cursor = wire::next(&page, &mut entries, |entry| entry.id)?;
    let transactions = entries.into_iter().map(Into::into).collect();
    let body = wire::LedgerTransactions { transactions, next_cursor: next_cursor.clone() };
    Ok(Answer::ok(body).next(&page, next_cursor.as_deref()))
}

#[cfg(test)]
mod live {
    use sqlx::PgPool;

    use crate::bench::{Bench, ORDER, asking};

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn operators_read_the_books_page_by_page_and_customers_do_not(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.authorize(&asking("pm_approved", 1250)).await.is(200);
        bench.capture(1000).await.is(200);

        let first = bench.operator().get("/v1/ledger/transactions?limit=1").send().await;
        first.is(200);
        assert_eq!(first.json["transactions"][0]["what"], "capture:1");
        assert_eq!(first.json["transactions"][0]["lines"].as_array().unwrap().len(), 4);
        let cursor = first.json["next_cursor"].as_str().unwrap();
        let path = format!("/v1/ledger/transactions?limit=1&cursor={cursor}");
        let second = bench.operator().get(&path).send().await;
        assert_eq!(second.json["transactions"][0]["what"], "authorize:1");
        assert!(second.json["next_cursor"].is_null());

        let accounts = bench.operator().get("/v1/ledger/accounts").send().await;
        accounts.is(200);
        let balances = accounts.json["accounts"].as_array().unwrap();
        let sum: i64 = balances.iter().map(|one| one["balance_minor"].as_i64().unwrap()).sum();
        assert_eq!((balances.len(), sum), (4, 0));

        for path in ["/v1/ledger/transactions", "/v1/ledger/accounts"] {
            bench.customer().get(path).send().await.is_problem(403, "role-not-allowed");
        }
        let of_order = format!("/v1/ledger/transactions?order_id={ORDER}");
        let of_order = bench.operator().get(&of_order).send().await;
        assert_eq!(of_order.json["transactions"].as_array().unwrap().len(), 2);
    }
}
