//! `PUT /v1/vehicles/{vehicle_id}`

use axum::extract::State;
use common::types::VehicleId;
use service_kit::{Answer, Caller, Dispatchers, IfMatch, Path, Problem, ValidJson};

use super::{versions, wire};
use crate::App;

/// Makes a vehicle, or changes the version named by `If-Match`.
#[utoipa::path(
    put, path = "/v1/vehicles/{vehicle_id}", operation_id = "put_vehicle", tag = "vehicles",
    params(
        ("vehicle_id" = VehicleId, Path),
        ("if-match" = Option<String>, Header, description = "The version; missing where it is new"),
    ),
    request_body = wire::PutVehicle,
    responses((status = 200, body = wire::Vehicle), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    _caller: Caller<Dispatchers>,
    Path(id): Path<VehicleId>,
    if_match: Result<IfMatch, Problem>,
    ValidJson(body): ValidJson<wire::PutVehicle>,
) -> Result<Answer<wire::Vehicle>, Problem> {
    let known = versions::known(if_match)?;
    let put = app.put_vehicle(wire::vehicle_to_be(id, body), known).await;
    let vehicle = wire::vehicle(put.map_err(versions::problem)?);
    let version = vehicle.version;
    Ok(Answer::ok(vehicle).etag(version))
}

#[cfg(test)]
mod live {
    use serde_json::json;
    use sqlx::PgPool;

    use crate::bench::Bench;

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_vehicle_is_made_without_and_changed_with_the_version_it_has(db: PgPool) {
        let bench = Bench::new(db);
        let path = format!("/v1/vehicles/{}", Bench::vehicle_id(1));
        let body = json!({"name": "Bike 1", "kind": "cargo_bike", "cell": "east-a"});
        let put = || bench.as_dispatcher().put(&path, &body);

        put().if_match(1).send().await.is_problem(412, "if-match-failed");
        let made = put().send().await;
        assert_eq!(made.is(200).header("etag"), Some("\"1\""));
        put().send().await.is_problem(428, "if-match-required");
        put().if_match(7).send().await.is_problem(412, "if-match-failed");
        put().header("if-match", "1").send().await.is_problem(400, "malformed-if-match");
        let changed = put().if_match(1).send().await;
        assert_eq!(changed.is(200).header("etag"), Some("\"2\""));
        put().if_match(1).send().await.is_problem(412, "if-match-failed");
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn bad_input_changes_nothing(db: PgPool) {
        let bench = Bench::new(db);
        let path = format!("/v1/vehicles/{}", Bench::vehicle_id(1));
        for body in [
            json!({"name": "Bike 1", "kind": "rocket", "cell": "east-a"}),
            json!({"name": "Bike 1", "kind": "bike", "cell": "EAST A"}),
            json!({"name": "Bike\u{0} 1", "kind": "bike", "cell": "east-a"}),
        ] {
            bench.as_dispatcher().put(&path, &body).send().await.is_problem(422, "invalid-body");
        }
        let body = json!({"name": "Bike 1", "kind": "bike", "cell": "east-a", "owner": "me"});
        bench.as_dispatcher().put(&path, &body).send().await.is_problem(422, "unknown-field");
        assert_eq!(bench.count("vehicle").await, 0);
    }
}
