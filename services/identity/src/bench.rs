//! A whole identity service on a test's own database.

use std::sync::Arc;

use common::types::{CustomerId, SystemClock};
use identity_contract::http::{AUDIENCE, AccessClaims, ISSUER};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, jwk::JwkSet};
use postgres_kit::Db;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use service_kit::keys;
use sqlx::{AssertSqlSafe, PgPool};
use test_kit::{TestAnswer, TestCaller, TestService};
use uuid::Uuid;

use crate::{App, Lives, Passwords, Tokens, routes};

pub(crate) const PASSWORD: &str = "correct horse battery";

const LIVES: Lives = Lives { access_s: 900, refresh_s: 2_592_000 };

pub(crate) struct Bench {
    db: PgPool,
    app: App,
    service: TestService,
}

impl Bench {
    pub(crate) fn new(db: PgPool) -> Self {
        let pem = keys::generate("identity").unwrap().private_pem;
        let tokens = Tokens::from_pem(pem.expose_secret().as_bytes(), LIVES).unwrap();
        let passwords = Passwords::new(64).unwrap();
        let app = App::new(Db::from_pool(db.clone()), Arc::new(SystemClock), passwords, tokens);
        let service = TestService::new("identity", routes::router().with_state(app.clone()));
        Self { db, app, service }
    }

    pub(crate) fn app(&self) -> &App {
        &self.app
    }

    pub(crate) fn as_customer(&self, id: Uuid) -> TestCaller {
        self.service.as_customer(CustomerId::from_uuid(id))
    }

    pub(crate) fn as_admin(&self) -> TestCaller {
        self.service.as_admin()
    }

    pub(crate) fn as_service(&self, name: &'static str) -> TestCaller {
        self.service.as_service(name)
    }

    pub(crate) async fn get(&self, path: &str) -> TestAnswer {
        self.service.as_nobody().get(path).send().await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> TestAnswer {
        self.service.as_nobody().post(path, body).send().await
    }

    pub(crate) async fn register(&self, email: &str, password: &str, name: &str) -> TestAnswer {
        let body = json!({"email": email, "password": password, "name": name});
        self.post("/v1/auth/register", body).await
    }

    pub(crate) async fn log_in(&self, email: &str, password: &str) -> TestAnswer {
        self.post("/v1/auth/login", json!({"email": email, "password": password})).await
    }

    pub(crate) async fn refresh(&self, token: &str) -> TestAnswer {
        self.post("/v1/auth/refresh", json!({"refresh_token": token})).await
    }

    /// Registers, and gives the id.
    pub(crate) async fn a_customer(&self, email: &str) -> Uuid {
        let answer = self.register(email, PASSWORD, "Somebody").await;
        answer.is(201);
        answer.json["user_id"].as_str().unwrap().parse().unwrap()
    }

    /// Registers and signs in, and gives the refresh token.
    pub(crate) async fn a_session(&self, email: &str) -> String {
        self.a_customer(email).await;
        let answer = self.log_in(email, PASSWORD).await;
        answer.is(200);
        answer.json["refresh_token"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn id_of(&self, email: &str) -> Uuid {
        sqlx::query_scalar("SELECT user_id FROM account WHERE email_folded = $1")
            .bind(email)
            .fetch_one(&self.db)
            .await
            .unwrap()
    }

    /// What an access token says, checked with the published keys.
    pub(crate) async fn verified(&self, token: &str) -> AccessClaims {
        let keys: JwkSet = self.get("/.well-known/jwks.json").await.body();
        let header = jsonwebtoken::decode_header(token).unwrap();
        assert_eq!(header.typ.as_deref(), Some("at+jwt"));
        let key = DecodingKey::from_jwk(keys.find(&header.kid.unwrap()).unwrap()).unwrap();
        let mut rules = Validation::new(Algorithm::ES256);
        rules.set_audience(&[AUDIENCE]);
        rules.set_issuer(&[ISSUER]);
        jsonwebtoken::decode(token, &key, &rules).unwrap().claims
    }

    pub(crate) async fn count(&self, table: &str) -> i64 {
        let query = AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
        sqlx::query_scalar(query).fetch_one(&self.db).await.unwrap()
    }

    pub(crate) async fn text(&self, query: &'static str) -> String {
        sqlx::query_scalar(query).fetch_one(&self.db).await.unwrap()
    }

    pub(crate) async fn execute(&self, query: &'static str) {
        sqlx::query(query).execute(&self.db).await.unwrap();
    }

    pub(crate) async fn told(&self) -> Vec<Value> {
        sqlx::query_scalar("SELECT payload FROM outbox ORDER BY id")
            .fetch_all(&self.db)
            .await
            .unwrap()
    }

    pub(crate) async fn has_told(&self, times: usize) {
        assert_eq!(self.told().await.len(), times);
    }
}
