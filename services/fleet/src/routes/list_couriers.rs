//! `GET /v1/couriers`

use axum::extract::State;
use common::types::CourierId;
use service_kit::{Answer, Caller, Dispatchers, Page, Problem};

use super::wire;
use crate::App;

/// Lists couriers by id.
#[utoipa::path(
    get, path = "/v1/couriers", operation_id = "list_couriers", tag = "couriers",
    params(Page), responses((status = 200, body = wire::Couriers), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    _caller: Caller<Dispatchers>,
    page: Page,
) -> Result<Answer<wire::Couriers>, Problem> {
    let after: Option<CourierId> = page.after()?;
    let found = app.list_couriers(after.map(CourierId::as_uuid), page.limit.into()).await?;
    let couriers: Vec<wire::Courier> = found.into_iter().map(Into::into).collect();
    let last = couriers.last().filter(|_| couriers.len() == page.limit as usize);
    let next_cursor = last.map(|last| page.cursor_for(&last.courier_id)).transpose()?;
    Ok(Answer::ok(wire::Couriers { couriers, next_cursor }))
}

#[cfg(test)]
mod live {
    use sqlx::PgPool;

    use crate::bench::Bench;

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn dispatchers_read_couriers_and_couriers_do_not(db: PgPool) {
        let bench = Bench::new(db);
        let courier = bench.a_courier(1).await;

        let answer = bench.as_dispatcher().get("/v1/couriers").send().await;
        assert_eq!(answer.is(200).json["couriers"][0]["courier_id"], courier.to_string());

        let refused = bench.as_courier(courier).get("/v1/couriers").send().await;
        refused.is_problem(403, "role-not-allowed");
    }
}
