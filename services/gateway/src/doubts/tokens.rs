//! Access tokens, good and bad.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use service_kit::keys::generate;

use crate::bench::{Bench, claims, header, signed};

const PATH: &str = "/v1/users/me";

fn with(field: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[field] = value;
    claims
}

fn without(field: &str) -> Value {
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove(field);
    claims
}

fn hs256(kid: &str) -> String {
    let mut header = Header::new(Algorithm::HS256);
    (header.typ, header.kid) = (Some("at+jwt".to_owned()), Some(kid.to_owned()));
    jsonwebtoken::encode(&header, &claims(), &EncodingKey::from_secret(b"public key")).unwrap()
}

#[tokio::test]
async fn bad_tokens_all_get_the_same_words() {
    let bench = Bench::new().await;
    let (key, stranger) = (bench.key(), generate("first").unwrap());
    let good = bench.token();
    let now_s = claims()["iat"].as_i64().unwrap();
    let parts: Vec<&str> = good.split('.').collect();
    // {"alg":"none","typ":"at+jwt","kid":"first"}
    let none = "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0Iiwia2lkIjoiZmlyc3QifQ";
    let mut id_token = header("first");
    id_token.typ = Some("JWT".to_owned());
    let mut followed = header("first");
    followed.jku = Some("https://evil.example/jwks.json".to_owned());
    followed.kid = Some("../../etc/passwd".to_owned());
    let corpus = [
        String::new(),
        "x".to_owned(),
        format!("{none}.{}.", parts[1]),
        format!("{}.{}.", parts[0], parts[1]),
        format!("{}.{}.{}", parts[0], parts[1], "A".repeat(86)),
        hs256("first"),
        signed(&stranger, &header("first"), &claims()),
        signed(key, &header("../first"), &claims()),
        signed(key, &followed, &claims()),
        signed(key, &id_token, &claims()),
        signed(key, &header("first"), &with("exp", json!(now_s - 61))),
        signed(key, &header("first"), &with("aud", json!("another"))),
        signed(key, &header("first"), &with("iss", json!("https://evil.example"))),
        signed(key, &header("first"), &with("roles", json!(["emperor"]))),
        signed(key, &header("first"), &without("exp")),
        signed(key, &header("first"), &without("aud")),
        signed(key, &header("first"), &without("iss")),
        format!("{good}{}", "A".repeat(5_000)),
    ];
    for token in corpus {
        let line = format!("Bearer {token}");
        let answer = bench.get(PATH).header("authorization", &line).send().await;
        answer.is_problem(401, "bad-token");
        assert_eq!(answer.json["detail"], Value::Null, "{token}");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    }
}

#[tokio::test]
async fn a_token_is_asked_for_and_comes_once_and_as_bearer() {
    let bench = Bench::new().await;
    let token = bench.token();

    bench.get(PATH).send().await.is_problem(401, "no-token");
    bench.post("/v1/menu", json!({})).send().await.is_problem(401, "no-token");
    let basic = bench.get(PATH).header("authorization", &format!("Basic {token}")).send().await;
    basic.is_problem(401, "bad-token");
    let twice = bench.anna_gets(PATH).header("authorization", "Bearer x").send().await;
    twice.is_problem(401, "bad-token");
    bench
        .get("/v1/menu")
        .header("authorization", "Bearer x")
        .send()
        .await
        .is_problem(401, "bad-token");
    bench.get(PATH).header("authorization", &format!("bearer {token}")).send().await.is(201);
}

#[tokio::test]
async fn keys_are_asked_for_again_when_a_new_one_signs() {
    let bench = Bench::new().await;
    bench.anna_gets(PATH).send().await.is(201);
    let second = generate("second").unwrap();
    let token = signed(&second, &header("second"), &claims());
    let ask = || bench.get(PATH).header("authorization", &format!("Bearer {token}")).send();

    bench.publish(&[bench.key(), &second]);
    // Asked a moment ago: strangers must not make us ask at every request.
    ask().await.is_problem(401, "bad-token");
    tokio::time::pause();
    tokio::time::advance(std::time::Duration::from_secs(11)).await;
    tokio::time::resume();

    ask().await.is(201);
    bench.anna_gets(PATH).send().await.is(201);
}

async fn hours_pass(hours: u64) {
    tokio::time::pause();
    tokio::time::advance(std::time::Duration::from_hours(hours)).await;
    tokio::time::resume();
}

#[tokio::test]
async fn known_keys_serve_for_a_day_while_identity_is_away_and_no_longer() {
    let bench = Bench::new().await;
    bench.anna_gets(PATH).send().await.is(201);
    let stranger = signed(&generate("second").unwrap(), &header("second"), &claims());
    let stranger = || bench.get(PATH).header("authorization", &format!("Bearer {stranger}")).send();

    bench.identity_goes_away();
    hours_pass(23).await;
    // A key that is not known makes us ask.
    stranger().await.is_problem(401, "bad-token");
    bench.anna_gets(PATH).send().await.is(201);

    hours_pass(2).await;
    stranger().await.is_problem(503, "keys-unavailable");
    bench.anna_gets(PATH).send().await.is_problem(503, "keys-unavailable");

    bench.publish(&[bench.key()]);
    hours_pass(1).await;
    bench.anna_gets(PATH).send().await.is(201);
}
