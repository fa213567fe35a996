//! `GET /v1/internal/contacts/{user_id}`

use axum::extract::State;
use common::types::UserId;
use identity_contract::http::Contact;
use service_kit::{Answer, Caller, Path, Problem, Services};

use super::wire;
use crate::App;

/// How to reach somebody, at the moment of sending.
#[utoipa::path(
    get, path = "/v1/internal/contacts/{user_id}", operation_id = "find_contact", tag = "internal",
    params(("user_id" = UserId, Path)), responses((status = 200, body = Contact), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    caller: Caller<Services>,
    Path(id): Path<UserId>,
) -> Result<Answer<Contact>, Problem> {
    let account = app.find_user(caller.principal(), id).await?;
    Ok(Answer::ok(wire::contact(account)))
}

#[cfg(test)]
mod live {
    use sqlx::PgPool;

    use crate::bench::Bench;

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn services_learn_an_address_and_people_do_not(db: PgPool) {
        let bench = Bench::new(db);
        let anna = bench.a_customer("anna@example.com").await;
        let path = format!("/v1/internal/contacts/{anna}");

        let answer = bench.as_service("notification").get(&path).send().await;

        assert_eq!(answer.status, 200, "{}", answer.json);
        assert_eq!(answer.json["email"], "anna@example.com");
        let own = bench.as_customer(anna).get(&path).send().await;
        own.is_problem(403, "role-not-allowed");
    }
}
