//! `GET /v1/inventory/{item_id}/movements`

use axum::extract::State;
use common::types::Timestamp;
use inventory_contract::http::Movements;
use service_kit::{Answer, Caller, Page, Path, Problem, Query, Staff};
use uuid::Uuid;

use super::{find_menu::InStore, wire};
use crate::{App, domain::ItemNamed};

/// Lists what came and went of an item, and what was promised and became free again, newest first.
///
/// What lies there is the sum of all but `ALLOCATION` and `RELEASE`.
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
    use sqlx::PgPool;

    use crate::bench::{BEANS, Bench, EAST, ESPRESSO, WEST};

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn movements_come_newest_first_page_by_page(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.a_cafe(EAST, "east-a").await;
        bench.later(1);
        bench.set_stock(EAST, BEANS, 890).await.is(200);
        for n in 1..=2 {
            bench.later(1);
            bench.reserve(n, EAST, &[(ESPRESSO, 2)]).await.is(200);
        }
        bench.later(1);
        bench.step(1, "ship").await.is(200);
        bench.later(1);
        bench.step(2, "release").await.is(200);

        assert_eq!(
            moves(&bench, 2).await,
            [
                ("RELEASE".to_owned(), -18),
                ("SALE".to_owned(), -18),
                ("ALLOCATION".to_owned(), 18),
                ("ALLOCATION".to_owned(), 18),
                ("COUNT".to_owned(), -10),
                ("RECEIPT".to_owned(), 900),
            ]
        );
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn movements_of_one_moment_are_shown_once_each_and_add_up(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.a_cafe(EAST, "east-a").await;
        for n in 1..=20 {
            bench.reserve(n, EAST, &[(ESPRESSO, 1)]).await.is(200);
            let step = ["ship", "release", "confirm"][usize::try_from(n % 3).unwrap()];
            bench.step(n, step).await.is(200);
        }

        let (moves, at_once) = (moves(&bench, 3).await, moves(&bench, 100).await);

        assert_eq!(moves, at_once);
        let sum = |of: &[&str]| -> i64 {
            moves.iter().filter(|(kind, _)| of.contains(&kind.as_str())).map(|it| it.1).sum()
        };
        let (on_hand, reserved) = bench.stock(EAST, BEANS).await;
        assert_eq!(on_hand, sum(&["RECEIPT", "SALE"]));
        assert_eq!(reserved, sum(&["ALLOCATION", "RELEASE", "SALE"]));
    }

    /// All movements of the beans, by pages of this size.
    async fn moves(bench: &Bench, limit: u32) -> Vec<(String, i64)> {
        let path = format!("/v1/inventory/{BEANS}/movements?limit={limit}");
        let (mut at, mut seen) = (path.clone(), Vec::new());
        loop {
            let page = bench.as_staff(EAST).get(&at).send().await.json;
            for it in page["movements"].as_array().unwrap() {
                let kind = it["kind"].as_str().unwrap().to_owned();
                seen.push((kind, it["quantity"].as_i64().unwrap()));
            }
            let Some(cursor) = page["next_cursor"].as_str() else { return seen };
            at = format!("{path}&cursor={cursor}");
        }
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
