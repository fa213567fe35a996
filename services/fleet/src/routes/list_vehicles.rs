//! `GET /v1/vehicles`

use axum::extract::State;
use common::types::VehicleId;
use service_kit::{Answer, Caller, Dispatchers, Page, Problem};

use super::wire;
use crate::App;

/// Lists vehicles by id.
#[utoipa::path(
    get, path = "/v1/vehicles", operation_id = "list_vehicles", tag = "vehicles",
    params(Page), responses((status = 200, body = wire::Vehicles), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    _caller: Caller<Dispatchers>,
    page: Page,
) -> Result<Answer<wire::Vehicles>, Problem> {
    let after: Option<VehicleId> = page.after()?;
    let found = app.list_vehicles(after.map(VehicleId::as_uuid), page.limit.into()).await?;
    let vehicles: Vec<_> = found.into_iter().map(wire::vehicle).collect();
    let last = vehicles.last().filter(|_| vehicles.len() == page.limit as usize);
    let next_cursor = last.map(|last| page.cursor_for(&last.vehicle_id)).transpose()?;
    Ok(Answer::ok(wire::Vehicles { vehicles, next_cursor }))
}

#[cfg(test)]
mod live {
    use sqlx::PgPool;

    use crate::bench::Bench;

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn pages_lead_from_one_to_the_next_and_nobody_else_reads_them(db: PgPool) {
        let bench = Bench::new(db);
        for n in 1..=3 {
            bench.a_vehicle(n).await;
        }

        let first = bench.as_dispatcher().get("/v1/vehicles?limit=2").send().await;
        assert_eq!(first.is(200).json["vehicles"].as_array().map(Vec::len), Some(2));
        let cursor = first.json["next_cursor"].as_str().unwrap();
        let path = format!("/v1/vehicles?limit=2&cursor={cursor}");
        let second = bench.as_dispatcher().get(&path).send().await;
        assert_eq!(second.is(200).json["vehicles"].as_array().map(Vec::len), Some(1));
        assert!(second.json.get("next_cursor").is_none());

        let refused = bench.as_courier(Bench::courier_id(1)).get("/v1/vehicles").send().await;
        refused.is_problem(403, "role-not-allowed");
    }
}
