//! `POST /v1/users`

use axum::extract::State;
use identity_contract::http::{CreateUser, User};
use service_kit::{Admins, Caller, Keyed, Problem, Stored};

use super::wire;
use crate::App;

/// Opens an account with roles, such as a courier's or a kitchen's; for admins.
#[utoipa::path(
    post, path = "/v1/users", operation_id = "create_user", tag = "users",
    params(("idempotency-key" = String, Header)), request_body = CreateUser,
    responses((status = 201, body = User), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    caller: Caller<Admins>,
    Keyed(key, body): Keyed<CreateUser>,
) -> Result<Stored, Problem> {
    let new = wire::with_roles(body)?;
    let written = |account: &_| serde_json::to_vec(&wire::user(account));
    Ok(app.create_user(caller.principal(), &key.text, new, written).await?)
}

#[cfg(test)]
mod live {
    use serde_json::{Value, json};
    use sqlx::PgPool;
    use uuid::Uuid;

    use crate::bench::{Bench, PASSWORD};

    const KEY: &str = "0123456789abcdef";

    fn a_cook() -> Value {
        json!({
            "email": "cook@example.com", "password": PASSWORD, "name": "Cook",
            "roles": ["kitchen"], "stores": [Uuid::from_u128(1)],
        })
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn staff_get_their_roles_and_stores_into_their_tokens(db: PgPool) {
        let bench = Bench::new(db);

        let made = bench.as_admin().post("/v1/users", a_cook()).key(KEY).send().await;

        assert_eq!(made.status, 201, "{}", made.json);
        let tokens = bench.log_in("cook@example.com", PASSWORD).await;
        let claims = bench.verified(tokens.json["access_token"].as_str().unwrap()).await;
        assert_eq!(claims.roles, [common::types::Role::Kitchen]);
        assert_eq!(claims.stores.len(), 1);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_repeated_key_gets_the_first_answer_and_another_body_is_refused(db: PgPool) {
        let bench = Bench::new(db);
        let first = bench.as_admin().post("/v1/users", a_cook()).key(KEY).send().await;

        let again = bench.as_admin().post("/v1/users", a_cook()).key(KEY).send().await;
        let mut other = a_cook();
        other["name"] = "Another".into();
        let reused = bench.as_admin().post("/v1/users", other).key(KEY).send().await;

        assert_eq!((again.status, &again.json), (201, &first.json));
        assert_eq!(again.headers["idempotent-replayed"], "true");
        reused.is_problem(422, "key-reused");
        assert_eq!(bench.count("account").await, 1);
        bench.has_told(1).await;
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn only_admins_give_roles_and_never_those_of_machines(db: PgPool) {
        let bench = Bench::new(db);
        let anna = bench.a_customer("anna@example.com").await;
        let mut service = a_cook();
        service["roles"] = json!(["service"]);
        let mut taken = a_cook();
        taken["email"] = "Anna@example.com".into();

        let by_customer = bench.as_customer(anna).post("/v1/users", a_cook()).key(KEY).send().await;
        by_customer.is_problem(403, "role-not-allowed");
        let admin = bench.as_admin();
        let machine = admin.post("/v1/users", service).key(KEY).send().await;
        machine.is_problem(422, "role-not-grantable");
        admin.post("/v1/users", taken).key(KEY).send().await.is_problem(409, "email-taken");
        assert_eq!(admin.post("/v1/users", a_cook()).send().await.status, 400);

        assert_eq!(bench.count("account").await, 1);
        assert_eq!(bench.count("idempotency").await, 0);
    }
}
