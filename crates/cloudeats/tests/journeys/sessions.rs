//! Accounts and sessions.

use serde_json::{Value, json};

use crate::caller::{Caller, Expect, text};
use crate::world::World;

pub(crate) async fn an_account_is_registered_and_signs_in(world: &World) {
    let anna = world.customer().await;

    let me = anna.caller.get("/v1/users/me").await.is(200);

    assert_eq!((text(&me, "user_id"), text(&me, "email")), (anna.id, anna.email.clone()));
    assert_eq!(me["roles"], json!(["customer"]));
    let nobody = world.nobody();
    let again = json!({"email": anna.email, "password": "another long one", "name": "Ann"});
    nobody.post("/v1/auth/register", again).await.is_problem(409, "email-taken");
    let guess = json!({"email": anna.email, "password": "another long one"});
    nobody.post("/v1/auth/login", guess).await.is_problem(401, "bad-credentials");
    let keys = nobody.get("/.well-known/jwks.json").await.is(200);
    assert_eq!((keys["keys"][0]["kty"].as_str(), keys["keys"][0].get("d")), (Some("EC"), None));
}

pub(crate) async fn a_refresh_token_used_twice_ends_the_session_for_both(world: &World) {
    let anna = world.customer().await;
    let nobody = world.nobody();
    let refresh =
        async |token: &str| nobody.post("/v1/auth/refresh", json!({"refresh_token": token})).await;

    let renewed: Value = refresh(&anna.refresh).await.is(200);
    let token = Some(text(&renewed, "access_token"));
    Caller { token, ..nobody.clone() }.get("/v1/users/me").await.is(200);

    refresh(&anna.refresh).await.is_problem(401, "bad-refresh-token");

    let newest = text(&renewed, "refresh_token");
    refresh(&newest).await.is_problem(401, "bad-refresh-token");
    let anew = world.signs_in(&anna.email).await;
    refresh(&text(&anew, "refresh_token")).await.is(200);
}
