//! `GET /v1/orders`

use axum::extract::State;
use common::types::{Class, OrderId, StoreId, Timestamp};
use orders_contract::http::Orders;
use serde::Deserialize;
use service_kit::{Answer, Caller, Page, Problem, Query};
use utoipa::IntoParams;

use super::owner;
use crate::{
    App,
    domain::{self, Narrowed},
    wire,
};

/// What the list is narrowed to.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Filter {
    /// Only orders of this store.
    store_id: Option<StoreId>,
    /// Only orders in this state, such as `COMPLETED`.
    state: Option<String>,
    /// Only orders placed at this time or later.
    #[param(value_type = Option<String>, format = "date-time")]
    from: Option<Timestamp>,
    /// Only orders placed before this time.
    #[param(value_type = Option<String>, format = "date-time")]
    to: Option<Timestamp>,
    #[param(ignore)]
    #[expect(dead_code, reason = "read by Page")]
    limit: Option<serde::de::IgnoredAny>,
    #[param(ignore)]
    #[expect(dead_code, reason = "read by Page")]
    cursor: Option<serde::de::IgnoredAny>,
}

/// Lists orders, newest first: one's own, or one's stores'.
#[utoipa::path(
    get, path = "/v1/orders", operation_id = "list_orders", tag = "orders",
    params(Filter, Page),
    responses((status = 200, body = Orders), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    caller: Caller,
    page: Page,
    Query(filter): Query<Filter>,
) -> Result<Answer<Orders>, Problem> {
    let owner = owner::of(caller.principal());
    let after: Option<(Timestamp, OrderId)> = page.after()?;
    let orders = app.list_orders(owner, narrowed(&filter)?, after, page.limit).await?;

    let full = orders.len() == page.limit as usize;
    let last = orders.last().filter(|_| full).map(|last| (last.created_at, last.id));
    let next_cursor = last.map(|last| page.cursor_for(&last)).transpose()?;
    let body = Orders { orders: orders.iter().map(wire::order).collect(), next_cursor };
    let cursor = body.next_cursor.clone();
    Ok(Answer::ok(body).next(&page, cursor.as_deref()))
}

fn narrowed(filter: &Filter) -> Result<Narrowed, Problem> {
    let unknown = || {
        Problem::new(Class::Malformed, "invalid-query").pointing("?state", "there is no such state")
    };
    let state = filter.state.as_deref().map(|name| domain::State::parse(name).ok_or_else(unknown));
    Ok(Narrowed {
        store: filter.store_id,
        state: state.transpose()?,
        from: filter.from,
        to: filter.to,
    })
}

#[cfg(test)]
mod live {
    use serde_json::json;
    use sqlx::PgPool;

    use crate::bench::{ANNA, BEN, Bench};

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn the_pages_make_the_list_newest_first_and_are_nobody_elses(db: PgPool) {
        let bench = Bench::new(db).await;
        for n in 0..5 {
            bench.place(&format!("an-order-of-the-list-{n}"), "pm_approved").await.is(201);
        }
        let anna = bench.service.as_customer(ANNA);

        let (mut seen, mut path) = (Vec::new(), "/v1/orders?limit=2".to_owned());
        loop {
            let page = anna.get(&path).send().await;
            page.is(200);
            let orders = page.json["orders"].as_array().unwrap();
            seen.extend(orders.iter().map(|order| order["number"].as_i64().unwrap()));
            let Some(cursor) = page.json["next_cursor"].as_str() else { break };
            path = format!("/v1/orders?limit=2&cursor={cursor}");
        }

        assert_eq!(seen.len(), 5);
        assert!(seen.is_sorted_by(|a, b| a > b));
        let ben = bench.service.as_customer(BEN).get("/v1/orders").send().await;
        assert_eq!(ben.json["orders"], json!([]));
        anna.get("/v1/orders?state=GONE").send().await.is_problem(400, "invalid-query");
        anna.get("/v1/orders?limit=1000").send().await.is_problem(400, "invalid-query");
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn an_order_that_ended_three_days_ago_is_found_as_before(db: PgPool) {
        let bench = Bench::new(db).await;
        let old = bench.an_ended_order("an-order-of-long-ago").await;
        let recent = bench.an_ended_order("an-order-of-yesterday").await;
        let open = bench.place("an-order-of-this-day", "pm_approved").await;
        bench.ended_hours_ago(old, 73).await;
        bench.ended_hours_ago(recent, 71).await;
        let anna = bench.service.as_customer(ANNA);
        let one = |id| format!("/v1/orders/{id}");
        let before = anna.get(&one(old)).send().await;
        let page = anna.get("/v1/orders?limit=2").send().await;

        bench.app.archive_orders().await.unwrap();

        let count = "SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM order_archive)";
        let counted: (i64, i64) = sqlx::query_as(count).fetch_one(&bench.db).await.unwrap();
        assert_eq!(counted, (2, 1));
        assert_eq!(anna.get(&one(old)).send().await.body, before.body);
        let ben = bench.service.as_customer(BEN).get(&one(old)).send().await;
        ben.is_problem(404, "no-such-order");
        assert_eq!(anna.get("/v1/orders?limit=2").send().await.json["orders"], page.json["orders"]);
        let cursor = page.json["next_cursor"].as_str().unwrap();
        let rest = anna.get(&format!("/v1/orders?limit=2&cursor={cursor}")).send().await;
        assert_eq!(rest.json["orders"][0]["order_id"], json!(old));
        let standing = bench.service.as_service("inventory");
        let standing = standing.get(&format!("/v1/internal/orders/{old}/standing")).send().await;
        assert_eq!(standing.is(200).json["holds_stock"], json!(false));
        assert_eq!(open.status, 201);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_key_whose_order_is_in_the_archive_makes_no_second_order(db: PgPool) {
        let bench = Bench::new(db).await;
        let old = bench.an_ended_order("an-order-of-long-ago").await;
        bench.ended_hours_ago(old, 73).await;
        bench.app.archive_orders().await.unwrap();
        sqlx::query("DELETE FROM idempotency").execute(&bench.db).await.unwrap();
        let asked = bench.neighbours.asked("/v1/internal/payments");

        let again = bench.place("an-order-of-long-ago", "pm_approved").await;

        assert_eq!(again.is(201).json["order_id"], json!(old));
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        assert_eq!(bench.orders().await, 0);
        assert_eq!(bench.neighbours.asked("/v1/internal/payments"), asked);
    }
}
