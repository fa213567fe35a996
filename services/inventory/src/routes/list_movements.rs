//! `GET /v1/inventory/{item_id}/movements`

use axum::extract::State;
use common::types::Timestamp;
use inventory_contract::http::Movements;
use service_kit::{Answer, Caller, Page, Path, Problem, Query, Staff};
use uuid::Uuid;

use super::{find_menu::InStore, wire};
use crate::{App, domain::ItemNamed};

/// Lists what came and went of an item, newest first; what lies there is the sum of it.
#[utoipa::path(
    get, path = "/v1/inventory/{item_id}/movements", operation_id = "list_movements", tag = "stock",
    params(("item_id" = String, Path, description = "Its id or its slug"), InStore, Page),
    responses((status = 200, body = Movements), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    caller: Caller<Staff>,
    Path(name): Path<String>,
    Query(place): Query<InStore>,
    page: Page,
) -> Result<Answer<Movements>, Problem> {
    let after: Option<(Timestamp, Uuid)> = page.after()?;
    let item = ItemNamed::parse(&name);
    let limit = page.limit;
    let moved = app.list_movements(caller.principal(), &place.named(), &item, after, limit).await?;
    let last = moved.last().filter(|_| moved.len() == limit as usize);
    let next_cursor = last.map(|last| page.cursor_for(&(last.at, last.id))).transpose()?;
    let movements = moved.into_iter().map(wire::movement).collect();
    let next = next_cursor.clone();
    Ok(Answer::ok(Movements { movements, next_cursor }).next(&page, next.as_deref()))
}

#[cfg(test)]
mod live {
    use serde_json::json;
    use sqlx::PgPool;

    use crate::bench::{BEANS, Bench, EAST, ESPRESSO, WEST};

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn movements_come_newest_first_page_by_page(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.a_cafe(EAST, "east-a").await;
        bench.later(1);
        bench.set_stock(EAST, BEANS, 890).await.is(200);
        bench.later(1);
        bench.reserve(1, EAST, &[(ESPRESSO, 2)]).await.is(200);
        bench.step(1, "ship").await.is(200);

        let cook = bench.as_staff(EAST);
        let path = format!("/v1/inventory/{BEANS}/movements?limit=2");
        let first = cook.get(&path).send().await.json;
        let shown = |n: usize| {
            (first["movements"][n]["kind"].clone(), first["movements"][n]["quantity"].clone())
        };
        assert_eq!(shown(0), (json!("SALE"), json!(-18)));
        assert_eq!(shown(1), (json!("COUNT"), json!(-10)));

        let cursor = first["next_cursor"].as_str().unwrap();
        let rest = cook.get(&format!("{path}&cursor={cursor}")).send().await.json;
        assert_eq!(rest["movements"][0]["kind"], "RECEIPT");
        assert_eq!(rest["movements"].as_array().unwrap().len(), 1);
        assert!(rest.get("next_cursor").is_none());
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn movements_are_for_those_who_work_in_the_store(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.a_cafe(EAST, "east-a").await;
        let path = format!("/v1/inventory/{BEANS}/movements");

        bench.get(&path).await.is_problem(403, "role-not-allowed");
        bench.as_staff(WEST).get(&path).send().await.is_problem(404, "no-such-item");
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn what_moved_stays_written(db: PgPool) {
        let bench = Bench::new(db.clone()).await;
        bench.a_cafe(EAST, "east-a").await;

        for change in ["UPDATE stock_movement SET qty = 1", "DELETE FROM stock_movement"] {
            let refused = sqlx::query(change).execute(&db).await.unwrap_err();
            assert_eq!(refused.as_database_error().unwrap().code().unwrap(), "CE003");
        }
    }
}
