//! `GET /v1/payments/{payment_id}`

use axum::extract::State;
use common::types::PaymentId;
use service_kit::{Answer, Caller, Customers, Path, Problem};

use super::wire;
use crate::App;

/// Finds one of the caller's payments.
#[utoipa::path(
    get, path = "/v1/payments/{payment_id}", operation_id = "find_payment", tag = "payments",
    params(("payment_id" = PaymentId, Path)),
    responses((status = 200, body = wire::Payment), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    caller: Caller<Customers>,
    Path(id): Path<PaymentId>,
) -> Result<Answer<wire::Payment>, Problem> {
    let found = app.find_own_payment(caller.principal().customer(), id).await?;
    Ok(Answer::ok(wire::Payment::from(&found)))
}

#[cfg(test)]
mod live {
    use sqlx::PgPool;

    use crate::bench::{Bench, ORDER, asking};

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_payment_is_seen_by_its_owner_and_by_nobody_else(db: PgPool) {
        let bench = Bench::new(db).await;
        let id = bench.authorize(&asking("pm_approved", 1250)).await.json["payment_id"].clone();
        let id = id.as_str().unwrap();

        for path in [format!("/v1/payments/{id}"), format!("/v1/payments?order_id={ORDER}")] {
            let own = bench.customer().get(&path).send().await;
            own.is(200);
            assert_eq!(own.json["status"], "authorized");
            assert_eq!(own.json["payment_id"], id);

            bench.stranger().get(&path).send().await.is_problem(404, "no-such-payment");
        }
        bench.customer().get("/v1/payments").send().await.is_problem(400, "invalid-query");
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn services_find_a_payment_by_order_and_by_key(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.authorize(&asking("pm_approved", 1250)).await.is(200);
        let by_order = format!("/v1/internal/payments/{ORDER}");
        let by_key = format!("/v1/internal/payments/by-key/{ORDER}:authorize:1");

        for path in [&by_order, &by_key] {
            let found = bench.orders().get(path).send().await;
            found.is(200);
            assert_eq!(found.json["state"], "AUTHORIZED");
            bench.customer().get(path).send().await.is_problem(403, "role-not-allowed");
        }
        let unknown = format!("/v1/internal/payments/by-key/{ORDER}:authorize:2");
        bench.orders().get(&unknown).send().await.is_problem(404, "no-such-payment");
    }
}
