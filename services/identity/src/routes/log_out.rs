//! `POST /v1/auth/logout`

use axum::extract::State;
use identity_contract::http::Refresh;
use service_kit::{Caller, NoContent, Problem, ValidJson};

use crate::App;

/// Ends the session of one of the caller's refresh tokens; also when it has ended already.
#[utoipa::path(
    post, path = "/v1/auth/logout", operation_id = "log_out", tag = "auth",
    request_body = Refresh, responses((status = 204), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    caller: Caller,
    ValidJson(body): ValidJson<Refresh>,
) -> Result<NoContent, Problem> {
    app.log_out(caller.principal(), body.refresh_token.as_str()).await?;
    Ok(NoContent)
}

#[cfg(test)]
mod live {
    use serde_json::json;
    use sqlx::PgPool;
    use uuid::Uuid;

    use crate::bench::Bench;

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_session_is_ended_by_its_owner_and_by_nobody_else(db: PgPool) {
        let bench = Bench::new(db);
        let token = bench.a_session("anna@example.com").await;
        let anna: Uuid = bench.id_of("anna@example.com").await;
        let body = json!({"refresh_token": token});

        let stranger = bench.as_customer(Uuid::from_u128(7)).post("/v1/auth/logout", body.clone());
        assert_eq!(stranger.send().await.status, 204);
        let answer = bench.refresh(&token).await;
        assert_eq!(answer.status, 200);

        let newest = json!({"refresh_token": answer.json["refresh_token"]});
        let owner = bench.as_customer(anna).post("/v1/auth/logout", newest.clone());
        assert_eq!(owner.send().await.status, 204);
        let token = newest["refresh_token"].as_str().unwrap();
        bench.refresh(token).await.is_problem(401, "bad-refresh-token");
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn nobody_ends_nothing(db: PgPool) {
        let bench = Bench::new(db);
        let token = bench.a_session("anna@example.com").await;

        let answer = bench.post("/v1/auth/logout", json!({"refresh_token": token})).await;

        answer.is_problem(401, "no-token");
        assert_eq!(bench.refresh(&token).await.status, 200);
    }
}
