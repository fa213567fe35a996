//! `POST /v1/auth/register`

use axum::extract::State;
use identity_contract::http::{Register, User};
use service_kit::{Created, Problem, ValidJson};

use super::wire;
use crate::App;

/// Opens a customer's account. It needs no token.
#[utoipa::path(
    post, path = "/v1/auth/register", operation_id = "register_user", tag = "auth",
    request_body = Register, responses((status = 201, body = User), Problem), security(()),
)]
pub(super) async fn handle(
    State(app): State<App>,
    ValidJson(body): ValidJson<Register>,
) -> Result<Created<User>, Problem> {
    let account = app.register_user(wire::customer(&body)?).await?;
    Ok(Created::at(format!("/v1/users/{}", account.id), wire::user(&account)))
}

#[cfg(test)]
mod live {
    use serde_json::json;
    use sqlx::PgPool;

    use crate::bench::{Bench, PASSWORD};

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn who_registers_is_a_customer_and_is_told_of_without_personal_data(db: PgPool) {
        let bench = Bench::new(db);

        let answer = bench.register("Anna@Example.com", PASSWORD, "Anna").await;

        assert_eq!(answer.status, 201, "{}", answer.json);
        assert_eq!(answer.json["roles"], json!(["customer"]));
        assert_eq!(answer.json["email"], "Anna@Example.com");
        let told = bench.told().await;
        assert_eq!(told.len(), 1);
        assert!(!told[0].to_string().to_lowercase().contains("anna"), "{}", told[0]);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn an_address_is_registered_once_in_whatever_case_even_twice_at_once(db: PgPool) {
        let bench = Bench::new(db);

        let (one, two) = tokio::join!(
            bench.register("anna@example.com", PASSWORD, "Anna"),
            bench.register("ANNA@EXAMPLE.COM", PASSWORD, "Also Anna"),
        );

        let (first, second) = if one.status == 201 { (one, two) } else { (two, one) };
        assert_eq!(first.status, 201);
        second.is_problem(409, "email-taken");
        bench.has_told(1).await;
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn bad_words_are_refused_and_change_nothing(db: PgPool) {
        let bench = Bench::new(db);

        bench.register("anna", PASSWORD, "Anna").await.is_problem(422, "bad-email");
        bench.register("a@example.com", "short", "Anna").await.is_problem(422, "short-password");
        bench.register("a@example.com", PASSWORD, " ").await.is_problem(422, "no-name");
        let admin = json!({"email": "a@example.com", "password": PASSWORD, "name": "A", "roles": ["admin"]});
        bench.post("/v1/auth/register", admin).await.is_problem(422, "unknown-field");

        assert_eq!(bench.count("account").await, 0);
        bench.has_told(0).await;
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_password_is_kept_as_its_hash_only(db: PgPool) {
        let bench = Bench::new(db);
        bench.register("anna@example.com", PASSWORD, "Anna").await;

        let row: String = bench.text("SELECT row_to_json(account)::text FROM account").await;

        assert!(row.contains("$argon2id$") && !row.contains(PASSWORD), "{row}");
    }
}
