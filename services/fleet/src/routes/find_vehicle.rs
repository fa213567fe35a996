//! `GET /v1/vehicles/{vehicle_id}`

use axum::extract::State;
use common::types::VehicleId;
use service_kit::{Answer, Caller, Dispatchers, Path, Problem};

use super::wire;
use crate::App;

/// Finds a vehicle, where it was last, and whether it is there.
#[utoipa::path(
    get, path = "/v1/vehicles/{vehicle_id}", operation_id = "find_vehicle", tag = "vehicles",
    params(("vehicle_id" = VehicleId, Path)),
    responses((status = 200, body = wire::Vehicle), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    _caller: Caller<Dispatchers>,
    Path(id): Path<VehicleId>,
) -> Result<Answer<wire::Vehicle>, Problem> {
    let vehicle = wire::vehicle(app.find_vehicle(id).await?);
    let version = vehicle.version;
    Ok(Answer::ok(vehicle).etag(version))
}

#[cfg(test)]
mod live {
    use sqlx::PgPool;

    use crate::bench::{Bench, STORE};

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_vehicle_is_online_then_stale_then_offline_and_where_it_was(db: PgPool) {
        let bench = Bench::new(db);
        let vehicle = bench.a_vehicle(1).await;
        let path = format!("/v1/vehicles/{vehicle}");
        let presence = async || {
            let answer = bench.as_dispatcher().get(&path).send().await;
            answer.is(200).json["presence"].as_str().unwrap().to_owned()
        };
        assert_eq!(presence().await, "OFFLINE");

        bench.reports(vehicle, 1, STORE).await;

        assert_eq!(presence().await, "ONLINE");
        bench.seconds_pass(31);
        assert_eq!(presence().await, "STALE");
        bench.seconds_pass(270);
        assert_eq!(presence().await, "OFFLINE");
        let answer = bench.as_dispatcher().get(&path).send().await;
        assert_eq!(answer.json["position"]["lat"], STORE.0);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_vehicle_whose_will_was_read_is_offline_until_it_is_heard(db: PgPool) {
        let bench = Bench::new(db);
        let vehicle = bench.a_vehicle(1).await;
        bench.reports(vehicle, 1, STORE).await;

        bench.app.record_status(vehicle, false, "1.0", true).await.unwrap();

        let path = format!("/v1/vehicles/{vehicle}");
        let gone = bench.as_dispatcher().get(&path).send().await;
        assert_eq!(gone.json["presence"], "OFFLINE");
        bench.app.record_status(vehicle, true, "1.0", true).await.unwrap();
        let old_word = bench.as_dispatcher().get(&path).send().await;
        assert_eq!(old_word.json["presence"], "OFFLINE", "a retained word may be old");
        bench.reports(vehicle, 2, STORE).await;
        let back = bench.as_dispatcher().get(&path).send().await;
        assert_eq!(back.json["presence"], "ONLINE");
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn what_is_not_there_is_not_found(db: PgPool) {
        let bench = Bench::new(db);
        let path = format!("/v1/vehicles/{}", Bench::vehicle_id(9));
        let answer = bench.as_dispatcher().get(&path).send().await;
        answer.is_problem(404, "no-such-vehicle");
    }
}
