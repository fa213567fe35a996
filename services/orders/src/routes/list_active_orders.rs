//! `GET /v1/orders/active`

use axum::extract::State;
use common::types::{Class, Principal, StoreId};
use orders_contract::http::ActiveOrders;
use serde::Deserialize;
use service_kit::{Answer, Caller, Problem, Query};
use utoipa::IntoParams;

use crate::{App, app::ActiveOf};

/// Whose orders.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Whose {
    /// Orders of this store, for its staff.
    store_id: Option<StoreId>,
    /// `me`: one's own orders; so it is too where nothing is said.
    customer: Option<String>,
}

/// Lists orders under way, oldest first.
#[utoipa::path(
    get, path = "/v1/orders/active", operation_id = "list_active_orders", tag = "orders",
    params(Whose),
    responses((status = 200, body = ActiveOrders), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    caller: Caller,
    Query(whose): Query<Whose>,
) -> Result<Answer<ActiveOrders>, Problem> {
    let of = whose.of(caller.principal())?;
    let (orders, source) = app.list_active_orders(of).await?;
    Ok(Answer::ok(ActiveOrders { orders, source: source.to_owned() }))
}

impl Whose {
    pub(super) fn of(&self, principal: &Principal) -> Result<ActiveOf, Problem> {
        match (self.store_id, self.customer.as_deref()) {
            (Some(store), None) if principal.may_act_for(store) => Ok(ActiveOf::Store(store)),
            (Some(_), None) => Err(Problem::new(Class::Missing, "no-such-store")),
            (None, None | Some("me")) => Ok(ActiveOf::Customer(principal.customer())),
            (_, Some(_)) => Err(Problem::new(Class::Malformed, "invalid-query")
                .pointing("?customer", "say `me`, or a store and no customer")),
        }
    }
}

#[cfg(test)]
mod live {
    use std::time::Duration;

    use serde_json::json;
    use sqlx::PgPool;

    use crate::bench::{ANNA, BEN, Bench, CAFE};

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn an_order_under_way_is_shown_to_its_customer_and_its_store_until_it_ends(db: PgPool) {
        let bench = Bench::new(db).await;
        let id = bench.a_confirmed_order().await;
        let of_store = format!("/v1/orders/active?store_id={CAFE}");
        let staff = bench.service.as_staff(CAFE);

        shows(&bench, 1).await;
        let mine =
            bench.service.as_customer(ANNA).get("/v1/orders/active?customer=me").send().await;
        assert_eq!(mine.json["orders"][0]["order_id"], json!(id));
        assert_eq!(mine.json["source"], "projection");
        let others = bench.service.as_customer(BEN).get("/v1/orders/active").send().await;
        assert_eq!(others.json["orders"], json!([]));
        let customer = bench.service.as_customer(ANNA).get(&of_store).send().await;
        customer.is_problem(404, "no-such-store");

        let status = format!("/v1/orders/{id}/status");
        staff.put(&status, json!({"status": "ready"})).if_match(5).send().await.is(200);
        staff.put(&status, json!({"status": "completed"})).if_match(6).send().await.is(200);
        bench.becomes(id, "COMPLETED").await;
        shows(&bench, 0).await;
    }

    async fn shows(bench: &Bench, count: usize) {
        let path = format!("/v1/orders/active?store_id={CAFE}");
        for _ in 0..200 {
            let list = bench.service.as_staff(CAFE).get(&path).send().await;
            if list.json["orders"].as_array().map(Vec::len) == Some(count) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("the projection never showed {count} orders");
    }
}
