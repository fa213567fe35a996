//! `GET /v1/couriers/me`

use axum::extract::State;
use service_kit::{Answer, Caller, Couriers, Problem};

use super::wire;
use crate::App;

/// Finds the caller as a courier.
#[utoipa::path(
    get, path = "/v1/couriers/me", operation_id = "find_my_courier", tag = "couriers",
    responses((status = 200, body = wire::Courier), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    caller: Caller<Couriers>,
) -> Result<Answer<wire::Courier>, Problem> {
    let courier = app.find_courier(caller.principal().courier()).await?;
    let version = courier.version;
    Ok(Answer::ok(courier.into()).etag(version))
}

#[cfg(test)]
mod live {
    use sqlx::PgPool;

    use crate::bench::Bench;

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_courier_finds_oneself_and_an_unknown_one_does_not(db: PgPool) {
        let bench = Bench::new(db);
        let courier = bench.a_courier(1).await;

        let me = bench.as_courier(courier).get("/v1/couriers/me").send().await;
        assert_eq!(me.is(200).json["courier_id"], courier.to_string());

        let nobody = bench.as_courier(Bench::courier_id(5)).get("/v1/couriers/me").send().await;
        nobody.is_problem(404, "no-such-courier");
    }
}
