//! `GET /.well-known/jwks.json`

use axum::{
    extract::State,
    http::{
        HeaderName,
        header::{CACHE_CONTROL, CONTENT_TYPE},
    },
};

use crate::App;

/// The public keys that prove access tokens (RFC 7517). It needs no token.
#[utoipa::path(
    get, path = "/.well-known/jwks.json", operation_id = "list_keys", tag = "auth",
    responses((status = 200, description = "a JWK set", content_type = "application/json")), security(()),
)]
pub(super) async fn handle(State(app): State<App>) -> ([(HeaderName, &'static str); 2], Vec<u8>) {
    let headers = [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "public, max-age=300")];
    (headers, app.keys())
}

#[cfg(test)]
mod live {
    use sqlx::PgPool;

    use crate::bench::Bench;

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn the_keys_are_public_and_nothing_but_the_public_half(db: PgPool) {
        let bench = Bench::new(db);

        let answer = bench.get("/.well-known/jwks.json").await;

        assert_eq!(answer.status, 200);
        let key = &answer.json["keys"][0];
        assert!(key["kty"] == "EC" && key["crv"] == "P-256" && key["use"] == "sig", "{key}");
        assert!(key["kid"].as_str().unwrap().len() == 43 && key["d"].is_null(), "{key}");
    }
}
