//! `GET /v1/stores/{store_id}`

use axum::extract::State;
use inventory_contract::http::Store;
use service_kit::{Answer, Caller, Path, Problem};

use super::wire;
use crate::{App, domain::StoreNamed};

/// Shows a store, named by its id or its slug.
#[utoipa::path(
    get, path = "/v1/stores/{store_id}", operation_id = "find_store", tag = "stores",
    params(("store_id" = String, Path, description = "Its id or its slug")),
    responses((status = 200, body = Store), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    _caller: Caller,
    Path(name): Path<String>,
) -> Result<Answer<Store>, Problem> {
    let store = app.find_store(&StoreNamed::parse(Some(&name))).await?;
    let version = store.version;
    Ok(Answer::ok(wire::store(store, None)).etag(version))
}

#[cfg(test)]
mod live {
    use sqlx::PgPool;

    use crate::bench::{Bench, EAST};

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_store_is_found_by_its_id_and_by_its_slug(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.a_store(EAST, "east-a", (42.5, 1.52)).await;

        let by_id = bench.get(&format!("/v1/stores/{EAST}")).await;
        let by_slug = bench.get("/v1/stores/store-1").await;

        assert_eq!(by_id.status, 200);
        assert_eq!(by_id.json, by_slug.json);
        assert_eq!(by_id.headers["etag"], "\"1\"");
        bench.get("/v1/stores/nowhere").await.is_problem(404, "no-such-store");
    }
}
