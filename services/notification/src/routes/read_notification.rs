//! `PUT /v1/notifications/{notification_id}/read`

use axum::extract::State;
use common::types::NotificationId;
use service_kit::{Answer, Caller, Path, Problem};

use super::wire;
use crate::App;

/// Marks one of the caller's messages as read.
///
/// The first time counts and stays. It is the same however often it is done, so that no `If-Match` is
/// asked for.
#[utoipa::path(
    put, path = "/v1/notifications/{notification_id}/read", operation_id = "read_notification", tag = "notifications",
    params(("notification_id" = NotificationId, Path)),
    responses((status = 200, body = wire::Notification), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<NotificationId>,
) -> Result<Answer<wire::Notification>, Problem> {
    let notification = app.read_notification(caller.principal().user(), id).await?;
    let version = notification.version;
    Ok(Answer::ok(wire::Notification::from(notification)).etag(version))
}

#[cfg(test)]
mod live {
    use serde_json::json;
    use sqlx::PgPool;

    use crate::bench::Bench;

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn the_first_reading_counts(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.confirmed("delivery").await;
        let path = format!("/v1/notifications/{}/read", bench.newest().await);

        let first = bench.anna().put(&path, json!({})).send().await;
        let again = bench.anna().put(&path, json!({})).send().await;

        first.is(200);
        assert!(first.json["read_at"].is_string());
        assert_eq!(first.header("etag"), Some("\"2\""));
        assert_eq!(first.json, again.json);
        assert_eq!(bench.anna().get("/v1/notifications").send().await.json["unread"], 0);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn what_is_in_another_inbox_is_not_there(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.confirmed("delivery").await;
        let path = format!("/v1/notifications/{}/read", bench.newest().await);

        bench.ben().put(&path, json!({})).send().await.is_problem(404, "no-such-notification");

        assert_eq!(bench.anna().get("/v1/notifications").send().await.json["unread"], 1);
    }
}
