//! `PUT /v1/couriers/{courier_id}`

use axum::extract::State;
use common::types::CourierId;
use service_kit::{Answer, Caller, Dispatchers, IfMatch, Path, Problem, ValidJson};

use super::{versions, wire};
use crate::{App, app::Sketch};

/// Makes a courier of an account, or changes the version named by `If-Match`.
#[utoipa::path(
    put, path = "/v1/couriers/{courier_id}", operation_id = "put_courier", tag = "couriers",
    params(
        ("courier_id" = CourierId, Path),
        ("if-match" = Option<String>, Header, description = "The version; missing where it is new"),
    ),
    request_body = wire::PutCourier,
    responses((status = 200, body = wire::Courier), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    _caller: Caller<Dispatchers>,
    Path(id): Path<CourierId>,
    if_match: Result<IfMatch, Problem>,
    ValidJson(body): ValidJson<wire::PutCourier>,
) -> Result<Answer<wire::Courier>, Problem> {
    let known = versions::known(if_match)?;
    let wire::PutCourier { name, vehicle_id, cell } = body;
    let sketch = Sketch { name: name.into(), vehicle: vehicle_id, cell };
    let courier = app.put_courier(id, sketch, known).await.map_err(versions::problem)?;
    let version = courier.version;
    Ok(Answer::ok(courier.into()).etag(version))
}

#[cfg(test)]
mod live {
    use serde_json::json;
    use sqlx::PgPool;

    use crate::bench::Bench;

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_courier_is_made_off_duty_and_changed_by_version(db: PgPool) {
        let bench = Bench::new(db);
        let vehicle = bench.a_vehicle(1).await;
        let path = format!("/v1/couriers/{}", Bench::courier_id(1));
        let body = json!({"name": "Mar", "vehicle_id": vehicle, "cell": "east-a"});
        let put = || bench.as_dispatcher().put(&path, &body);

        let made = put().send().await;
        assert_eq!(made.is(200).json["state"], "OFF");
        put().send().await.is_problem(428, "if-match-required");
        put().if_match(2).send().await.is_problem(412, "if-match-failed");
        assert_eq!(put().if_match(1).send().await.is(200).json["version"], 2);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_vehicle_speaks_for_one_courier(db: PgPool) {
        let bench = Bench::new(db);
        bench.a_courier(1).await;
        let put = |vehicle| {
            let path = format!("/v1/couriers/{}", Bench::courier_id(2));
            let body = json!({"name": "Pau", "vehicle_id": vehicle, "cell": "east-a"});
            bench.as_dispatcher().put(&path, body)
        };

        put(Bench::vehicle_id(1)).send().await.is_problem(409, "vehicle-taken");
        put(Bench::vehicle_id(8)).send().await.is_problem(422, "no-such-vehicle");
        assert_eq!(bench.count("courier").await, 1);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_courier_keeps_the_vehicle_as_long_as_there_is_a_delivery(db: PgPool) {
        let bench = Bench::new(db);
        let (_, courier) = bench.an_assigned_delivery().await;
        let other = bench.a_vehicle(7).await;
        let me = bench.as_courier(courier).get("/v1/couriers/me").send().await;

        let body = json!({"name": "Mar", "vehicle_id": other, "cell": "east-a"});
        let put = bench.as_dispatcher().put(&format!("/v1/couriers/{courier}"), body);
        let answer = put.if_match(me.json["version"].as_i64().unwrap()).send().await;

        answer.is_problem(409, "courier-busy");
    }
}
