//! `POST /v1/auth/refresh`

use axum::extract::State;
use identity_contract::http::{Refresh, Tokens};
use service_kit::{Answer, Problem, ValidJson};

use super::wire;
use crate::App;

/// Exchanges a refresh token for new tokens, once. It needs no other token.
#[utoipa::path(
    post, path = "/v1/auth/refresh", operation_id = "refresh_session", tag = "auth",
    request_body = Refresh, responses((status = 200, body = Tokens), Problem), security(()),
)]
pub(super) async fn handle(
    State(app): State<App>,
    ValidJson(body): ValidJson<Refresh>,
) -> Result<Answer<Tokens>, Problem> {
    let session = app.refresh_session(body.refresh_token.as_str()).await?;
    Ok(Answer::ok(wire::tokens(session)))
}

#[cfg(test)]
mod live {
    use sqlx::PgPool;

    use crate::bench::Bench;

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_session_goes_on_with_each_new_token(db: PgPool) {
        let bench = Bench::new(db);
        let mut token = bench.a_session("anna@example.com").await;
        for _ in 0..3 {
            let answer = bench.refresh(&token).await;
            assert_eq!(answer.status, 200, "{}", answer.json);
            token = answer.json["refresh_token"].as_str().unwrap().to_owned();
        }
        assert_eq!(bench.count("session").await, 1);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_token_used_twice_ends_the_session_for_both(db: PgPool) {
        let bench = Bench::new(db);
        let stolen = bench.a_session("anna@example.com").await;
        let newest =
            bench.refresh(&stolen).await.json["refresh_token"].as_str().unwrap().to_owned();

        bench.refresh(&stolen).await.is_problem(401, "bad-refresh-token");

        bench.refresh(&newest).await.is_problem(401, "bad-refresh-token");
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn of_two_at_once_one_wins_and_the_session_ends(db: PgPool) {
        let bench = Bench::new(db);
        let token = bench.a_session("anna@example.com").await;

        let (one, two) = tokio::join!(bench.refresh(&token), bench.refresh(&token));

        let (won, lost) = if one.status == 200 { (one, two) } else { (two, one) };
        assert_eq!(won.status, 200);
        lost.is_problem(401, "bad-refresh-token");
        let newest = won.json["refresh_token"].as_str().unwrap().to_owned();
        bench.refresh(&newest).await.is_problem(401, "bad-refresh-token");
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn tokens_are_not_stored_and_strange_ones_do_nothing(db: PgPool) {
        let bench = Bench::new(db);
        let token = bench.a_session("anna@example.com").await;

        let row = bench.text("SELECT row_to_json(refresh_token)::text FROM refresh_token").await;
        assert!(!row.contains(&token));
        bench.refresh("nobody-knows-this-one").await.is_problem(401, "bad-refresh-token");
        bench.refresh(&"x".repeat(129)).await.is_problem(422, "invalid-body");

        assert_eq!(bench.refresh(&token).await.status, 200);
    }
}
