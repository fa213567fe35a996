//! `POST /v1/auth/login`

use axum::extract::State;
use identity_contract::http::{Login, Tokens};
use service_kit::{Answer, Problem, ValidJson};

use super::wire;
use crate::{
    App,
    app::LogInError,
    domain::{Email, Password},
};

/// Begins a session. It needs no token; from the fifth failure on, an address has to wait.
#[utoipa::path(
    post, path = "/v1/auth/login", operation_id = "log_in", tag = "auth",
    request_body = Login, responses((status = 200, body = Tokens), Problem), security(()),
)]
pub(super) async fn handle(
    State(app): State<App>,
    ValidJson(body): ValidJson<Login>,
) -> Result<Answer<Tokens>, Problem> {
    let email = Email::parse(body.email.as_str())?;
    let password = Password::presented(body.password.as_str());
    let session = app.log_in(&email, password).await.map_err(refused)?;
    Ok(Answer::ok(wire::tokens(session)))
}

fn refused(error: LogInError) -> Problem {
    let wait_s = error.retry_after_s();
    let problem = Problem::from(error);
    wait_s.into_iter().fold(problem, Problem::retry_after_s)
}

#[cfg(test)]
mod live {
    use sqlx::PgPool;

    use crate::bench::{Bench, PASSWORD};

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn the_access_token_says_who_and_is_proved_by_the_published_key(db: PgPool) {
        let bench = Bench::new(db);
        let anna = bench.a_customer("anna@example.com").await;

        let answer = bench.log_in("ANNA@example.com", PASSWORD).await;

        assert_eq!(answer.status, 200, "{}", answer.json);
        let claims = bench.verified(answer.json["access_token"].as_str().unwrap()).await;
        assert_eq!(claims.sub, anna);
        assert_eq!(claims.exp - claims.iat, 900);
        assert_eq!(answer.json["expires_in_s"], 900);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_wrong_password_and_an_unknown_address_look_alike(db: PgPool) {
        let bench = Bench::new(db);
        bench.a_customer("anna@example.com").await;

        let wrong = bench.log_in("anna@example.com", "not her password").await;
        let unknown = bench.log_in("ben@example.com", "not her password").await;

        wrong.is_problem(401, "bad-credentials");
        unknown.is_problem(401, "bad-credentials");
        assert_eq!(wrong.json["detail"], unknown.json["detail"]);
        assert_eq!(bench.count("session").await, 0);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn after_five_failures_even_the_right_password_has_to_wait(db: PgPool) {
        let bench = Bench::new(db);
        bench.a_customer("anna@example.com").await;
        for _ in 0..5 {
            bench
                .log_in("anna@example.com", "wrong password")
                .await
                .is_problem(401, "bad-credentials");
        }

        let blocked = bench.log_in("Anna@example.com", PASSWORD).await;

        blocked.is_problem(429, "too-many-attempts");
        let wait_s: i64 = blocked.headers["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((1..=16).contains(&wait_s), "{wait_s}");
        bench.a_customer("ben@example.com").await;
        assert_eq!(bench.log_in("ben@example.com", PASSWORD).await.status, 200);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn many_tries_at_once_do_not_outrun_the_count(db: PgPool) {
        let bench = Bench::new(db);
        bench.a_customer("anna@example.com").await;

        let tries = (0..12).map(|_| bench.log_in("anna@example.com", "wrong password"));
        let answers = futures::future::join_all(tries).await;

        let compared = answers.iter().filter(|answer| answer.status == 401).count();
        assert!(compared <= 5, "{compared}");
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn success_forgives_the_failures_before_it(db: PgPool) {
        let bench = Bench::new(db);
        bench.a_customer("anna@example.com").await;
        for _ in 0..3 {
            bench.log_in("anna@example.com", "wrong password").await;
        }

        assert_eq!(bench.log_in("anna@example.com", PASSWORD).await.status, 200);

        assert_eq!(bench.count("login_attempts").await, 0);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn where_tries_cannot_be_counted_nobody_signs_in(db: PgPool) {
        let bench = Bench::new(db);
        bench.a_customer("anna@example.com").await;
        bench.execute("ALTER TABLE login_attempts RENAME TO login_attempts_gone").await;

        let answer = bench.log_in("anna@example.com", PASSWORD).await;

        assert!(answer.status >= 500, "{}", answer.status);
        assert_eq!(bench.count("session").await, 0);
    }
}
