//! `GET /v1/users/{user_id}`

use axum::extract::State;
use common::types::UserId;
use identity_contract::http::User;
use service_kit::{Answer, Caller, Path, Problem};

use super::wire;
use crate::App;

/// An account, for itself, admins and services; for others there is none.
#[utoipa::path(
    get, path = "/v1/users/{user_id}", operation_id = "find_user", tag = "users",
    params(("user_id" = UserId, Path)), responses((status = 200, body = User), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<UserId>,
) -> Result<Answer<User>, Problem> {
    let account = app.find_user(caller.principal(), id).await?;
    Ok(Answer::ok(wire::user(&account)))
}

#[cfg(test)]
mod live {
    use sqlx::PgPool;
    use uuid::Uuid;

    use crate::bench::Bench;

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn an_account_is_there_for_itself_for_admins_and_for_services_only(db: PgPool) {
        let bench = Bench::new(db);
        let anna = bench.a_customer("anna@example.com").await;
        for path in [format!("/v1/users/{anna}"), format!("/users/{anna}")] {
            for caller in [bench.as_customer(anna), bench.as_admin(), bench.as_service("orders")] {
                assert_eq!(caller.get(&path).send().await.status, 200, "{path}");
            }
            let stranger = bench.as_customer(Uuid::from_u128(7)).get(&path).send().await;
            stranger.is_problem(404, "no-such-user");
            bench.get(&path).await.is_problem(401, "no-token");
        }
        let nobody = bench.as_admin().get(&format!("/v1/users/{}", Uuid::nil())).send().await;
        nobody.is_problem(404, "no-such-user");
    }
}
