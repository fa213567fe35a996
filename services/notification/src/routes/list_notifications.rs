//! `GET /v1/notifications`

use axum::extract::State;
use service_kit::{Answer, Caller, Page, Problem};

use super::wire;
use crate::App;

/// Lists the caller's inbox, newest first.
#[utoipa::path(
    get, path = "/v1/notifications", operation_id = "list_notifications", tag = "notifications",
    params(Page),
    responses((status = 200, body = wire::Notifications), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    caller: Caller,
    page: Page,
) -> Result<Answer<wire::Notifications>, Problem> {
    let user = caller.principal().user();
    let (found, unread) = app.list_notifications(user, page.after()?, page.limit + 1).await?;
    let (shown, next_cursor) = wire::page(&page, found)?;
    let body = wire::Notifications {
        notifications: shown.into_iter().map(Into::into).collect(),
        unread,
        next_cursor: next_cursor.clone(),
    };
    Ok(Answer::ok(body).next(&page, next_cursor.as_deref()))
}

#[cfg(test)]
mod live {
    use sqlx::PgPool;

    use crate::bench::Bench;

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn an_inbox_is_read_page_by_page_newest_first(db: PgPool) {
        let bench = Bench::new(db).await;
        let order = bench.confirmed("delivery").await;
        bench.preparing(order).await;
        bench.dispatched(order).await;

        let first = bench.anna().get("/v1/notifications?limit=2").send().await;
        first.is(200);
        assert_eq!(first.json["unread"], 3);
        assert_eq!(first.json["notifications"][0]["kind"], "order_dispatched");
        assert_eq!(first.json["notifications"][1]["kind"], "order_preparing");

        let cursor = first.json["next_cursor"].as_str().unwrap();
        let path = format!("/v1/notifications?limit=2&cursor={cursor}");
        let second = bench.anna().get(&path).send().await;
        assert_eq!(second.json["notifications"][0]["kind"], "order_confirmed");
        assert_eq!(second.json["notifications"][0]["order_id"], order.to_string());
        assert!(second.json["next_cursor"].is_null());
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn nobody_sees_the_inbox_of_another(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.confirmed("delivery").await;

        let other = bench.ben().get("/v1/notifications").send().await;

        other.is(200);
        assert_eq!(
            (&other.json["unread"], other.json["notifications"].as_array().unwrap().len()),
            (&0.into(), 0)
        );
        bench.nobody().get("/v1/notifications").send().await.is_problem(401, "no-token");
    }
}
