//! `PUT /v1/stores/{store_id}`

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use common::types::StoreId;
use inventory_contract::http::{PutStore, Store};
use service_kit::{Admins, Answer, Caller, Created, Path, Problem, ValidJson};

use super::{
    precondition::{self, Known},
    wire,
};
use crate::App;

/// Makes a store, or changes the one whose version `If-Match` names. Orders take place under its new
/// terms once its menu is published.
#[utoipa::path(
    put, path = "/v1/stores/{store_id}", operation_id = "put_store", tag = "stores",
    params(
        ("store_id" = StoreId, Path),
        ("If-Match" = Option<String>, Header, description = "Needed to change a store"),
        ("If-None-Match" = Option<String>, Header, description = "`*`: only make it"),
    ),
    request_body = PutStore,
    responses((status = 200, body = Store), (status = 201, body = Store), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    _caller: Caller<Admins>,
    Path(id): Path<StoreId>,
    Known(precondition): Known,
    ValidJson(body): ValidJson<PutStore>,
) -> Result<Response, Problem> {
    let put = app.put_store(id, precondition, wire::store_draft(body)).await;
    let (store, is_new) = put.map_err(precondition::problem)?;
    let (version, body) = (store.version, wire::store(store, None));
    Ok(if is_new {
        Created::at(format!("/v1/stores/{id}"), body).etag(version).into_response()
    } else {
        Answer::ok(body).etag(version).into_response()
    })
}

#[cfg(test)]
mod live {
    use serde_json::json;
    use sqlx::PgPool;

    use crate::bench::{Bench, EAST, WEST, store_body};

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_store_is_made_once_and_changed_by_who_read_it(db: PgPool) {
        let bench = Bench::new(db).await;
        let path = format!("/v1/stores/{EAST}");
        let body = store_body("store-1", "east-a", (42.5, 1.52));

        let made = bench.put_as_admin(&path, &body, &[("if-none-match", "*")]).await;
        assert_eq!((made.status, &made.json["version"]), (201, &json!(1)));
        let again = bench.put_as_admin(&path, &body, &[]).await;
        assert_eq!((again.status, &again.json["version"]), (200, &json!(1)));
        let once_more = bench.put_as_admin(&path, &body, &[("if-none-match", "*")]).await;
        once_more.is_problem(412, "if-match-failed");

        let mut closed = body.clone();
        closed["open"] = json!(false);
        bench.put_as_admin(&path, &closed, &[]).await.is_problem(428, "if-match-required");
        let changed = bench.put_as_admin(&path, &closed, &[("if-match", "\"1\"")]).await;
        assert_eq!((changed.status, &changed.json["version"]), (200, &json!(2)));
        let stale = bench.put_as_admin(&path, &body, &[("if-match", "\"1\"")]).await;
        stale.is_problem(412, "if-match-failed");
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn what_a_store_cannot_be_changes_nothing(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.a_store(EAST, "east-a", (42.5, 1.52)).await;
        let path = format!("/v1/stores/{EAST}");
        let match_1 = [("if-match", "\"1\"")];

        let moved = store_body("store-1", "west-a", (42.5, 1.52));
        bench.put_as_admin(&path, &moved, &match_1).await.is_problem(409, "store-fixed");
        let shouting = store_body("STORE", "east-a", (42.5, 1.52));
        bench.put_as_admin(&path, &shouting, &match_1).await.is_problem(422, "invalid-store");
        let twin = store_body("store-1", "west-a", (42.5, 1.52));
        let elsewhere = format!("/v1/stores/{WEST}");
        bench.put_as_admin(&elsewhere, &twin, &[]).await.is_problem(409, "slug-taken");

        let mine = bench.as_manager(EAST).put(&path, &moved).send().await;
        mine.is_problem(403, "role-not-allowed");
        assert_eq!(bench.get("/v1/stores").await.json["stores"].as_array().unwrap().len(), 1);
        assert_eq!(bench.get(&path).await.json["version"], 1);
    }
}
