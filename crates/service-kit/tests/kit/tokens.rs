//! Tokens that are good, and all the others.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use common::types::{Clock, Principal};
use jiff::SignedDuration;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use service_kit::{
    Signer,
    keys::{Jwks, KeyPair, generate},
    token::{Rules, ServiceClaims, Verifier, principal_of, service_rules},
};
use test_kit::FixedClock;

struct World {
    clock: FixedClock,
    gateway: KeyPair,
    orders: KeyPair,
    verifier: Verifier<ServiceClaims>,
}

fn world() -> World {
    let clock = FixedClock::default();
    let (gateway, orders) = (generate("gateway").unwrap(), generate("orders").unwrap());
    let keys = Jwks::of(vec![gateway.public.clone(), orders.public.clone()]);
    let verifier = Verifier::new(service_rules("payment"), &keys, Arc::new(clock.clone()));
    World { clock, gateway, orders, verifier }
}

impl World {
    fn signer(&self) -> Signer {
        Signer::new("gateway", &self.gateway.private_pem, Arc::new(self.clock.clone())).unwrap()
    }

    fn head() -> Header {
        let mut head = Header::new(Algorithm::ES256);
        head.typ = Some("ce+jwt".to_owned());
        head.kid = Some("gateway".to_owned());
        head
    }

    fn claims(&self) -> Value {
        let now = self.clock.now().as_second();
        json!({ "iss": "gateway", "aud": "payment", "iat": now, "exp": now + 60, "principal": somebody() })
    }

    fn signed(head: &Header, claims: &Value, key: &KeyPair) -> String {
        let key = EncodingKey::from_ec_pem(key.private_pem.expose_secret().as_bytes()).unwrap();
        jsonwebtoken::encode(head, claims, &key).unwrap()
    }

    #[track_caller]
    fn refuses(&self, token: &str, why: &str) {
        assert!(self.verifier.verify(token).is_err(), "{why}");
        assert!(self.verifier.verify(token).is_err(), "{why}, asked again");
    }
}

fn somebody() -> Principal {
    principal_of("somebody")
}

fn with(claims: &Value, name: &str, value: &Value) -> Value {
    let mut claims = claims.clone();
    claims[name] = value.clone();
    claims
}

fn without(claims: &Value, name: &str) -> Value {
    let mut claims = claims.clone();
    claims.as_object_mut().unwrap().remove(name);
    claims
}

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

#[test]
fn what_the_signer_makes_the_callee_reads() {
    let world = world();
    let token = world.signer().token("payment", &somebody()).unwrap();
    let claims = world.verifier.verify(token.to_str().unwrap()).unwrap();
    assert_eq!((claims.iss.as_str(), &claims.principal), ("gateway", &somebody()));
}

#[test]
fn a_token_is_used_again_only_for_the_same_callee_and_principal() {
    let world = world();
    let signer = world.signer();
    let first = signer.token("payment", &somebody()).unwrap();
    assert_eq!(first, signer.token("payment", &somebody()).unwrap());
    assert_ne!(first, signer.token("orders", &somebody()).unwrap());
    let promoted = Principal { roles: vec![common::types::Role::Admin], ..somebody() };
    let other = signer.token("payment", &promoted).unwrap();
    let claims = world.verifier.verify(other.to_str().unwrap()).unwrap();
    assert_eq!(claims.principal, promoted);
}

#[test]
fn a_token_ends_with_its_time_even_where_it_was_seen_before() {
    let world = world();
    let token = World::signed(&World::head(), &world.claims(), &world.gateway);
    world.verifier.verify(&token).unwrap();
    world.clock.advance(SignedDuration::from_secs(60));
    world.verifier.verify(&token).unwrap();
    world.clock.advance(SignedDuration::from_secs(6));
    world.refuses(&token, "expired");
}

#[test]
fn claims_that_are_missing_or_for_others_are_refused() {
    let world = world();
    let claims = world.claims();
    let now = world.clock.now().as_second();
    for (why, claims) in [
        ("for another service", with(&claims, "aud", &json!("orders"))),
        ("for nobody", without(&claims, "aud")),
        ("from nobody", without(&claims, "iss")),
        ("from another than the key's owner", with(&claims, "iss", &json!("orders"))),
        ("without an end", without(&claims, "exp")),
        ("expired", with(&claims, "exp", &json!(now - 61))),
        ("with an end in words", with(&claims, "exp", &json!("tomorrow"))),
        ("not yet valid", with(&claims, "nbf", &json!(now + 120))),
        ("without a principal", without(&claims, "principal")),
        (
            "with an unknown role",
            with(&claims, "principal", &json!({ "id": somebody().id, "roles": ["root"] })),
        ),
    ] {
        world.refuses(&World::signed(&World::head(), &claims, &world.gateway), why);
    }
}

#[test]
fn heads_that_promise_something_else_are_refused() {
    let world = world();
    let claims = world.claims();
    let head = |change: fn(&mut Header)| {
        let mut head = World::head();
        change(&mut head);
        head
    };
    for (why, head) in [
        ("a plain JWT", head(|head| head.typ = Some("JWT".to_owned()))),
        ("an access token", head(|head| head.typ = Some("at+jwt".to_owned()))),
        ("no type", head(|head| head.typ = None)),
        ("no key named", head(|head| head.kid = None)),
        ("a key nobody knows", head(|head| head.kid = Some("attacker".to_owned()))),
        ("a path", head(|head| head.kid = Some("../gateway".to_owned()))),
        ("another's key named", head(|head| head.kid = Some("orders".to_owned()))),
        ("a critical extension", head(|head| head.crit = Some(vec!["b64".to_owned()]))),
    ] {
        world.refuses(&World::signed(&head, &claims, &world.gateway), why);
    }
    let world_claims = World::signed(&World::head(), &claims, &world.orders);
    world.refuses(&world_claims, "signed with another's key");
}

#[test]
fn a_key_that_travels_with_its_token_is_not_used() {
    let world = world();
    let attacker = generate("gateway").unwrap();
    let mut head = World::head();
    head.jwk = Some(attacker.public.clone());
    head.jku = Some("https://attacker.example/keys".to_owned());
    head.x5u = Some("https://attacker.example/cert".to_owned());
    world.refuses(&World::signed(&head, &world.claims(), &attacker), "its own key");
}

#[test]
fn no_algorithm_but_the_one_is_accepted() {
    let world = world();
    let claims = part(&world.claims());
    for alg in ["none", "None", "NONE", "HS256", "ES384", "RS256"] {
        let head = part(&json!({ "typ": "ce+jwt", "alg": alg, "kid": "gateway" }));
        world.refuses(&format!("{head}.{claims}."), alg);
        world.refuses(&format!("{head}.{claims}.{}", URL_SAFE_NO_PAD.encode([0; 64])), alg);
    }
    let mut head = World::head();
    head.alg = Algorithm::HS256;
    let public = serde_json::to_vec(&world.gateway.public).unwrap();
    let token =
        jsonwebtoken::encode(&head, &world.claims(), &EncodingKey::from_secret(&public)).unwrap();
    world.refuses(&token, "HS256 with the public key as secret");
}

#[test]
fn what_is_cut_or_changed_is_refused() {
    let world = world();
    let token = World::signed(&World::head(), &world.claims(), &world.gateway);
    let (message, signature) = token.rsplit_once('.').unwrap();
    let (head, _) = message.split_once('.').unwrap();
    let promoted =
        with(&world.claims(), "principal", &json!({ "id": somebody().id, "roles": ["admin"] }));
    world.refuses(&format!("{head}.{}.{signature}", part(&promoted)), "other claims");
    world.refuses(&format!("{message}."), "no signature");
    world.refuses(message, "two parts");
    world.refuses(&format!("{token}.x"), "four parts");
    world.refuses("", "nothing");
    world.refuses("a.b.c", "noise");
    world.refuses(&"a".repeat(1_000_000), "a megabyte");
}

#[test]
fn a_key_that_is_gone_opens_nothing_any_more() {
    let world = world();
    let token = World::signed(&World::head(), &world.claims(), &world.gateway);
    world.verifier.verify(&token).unwrap();
    world.verifier.replace_keys(&Jwks::of(vec![world.orders.public.clone()]));
    world.refuses(&token, "the key is gone");
}

#[test]
fn an_access_token_is_checked_by_the_same_hand() {
    #[derive(Debug, serde::Deserialize)]
    struct Access {
        sub: String,
    }
    let world = world();
    let rules = Rules {
        typ: "at+jwt",
        issuer: Some("https://identity.cloudeats.example".to_owned()),
        audience: "cloudeats".to_owned(),
        algorithms: vec![Algorithm::ES256, Algorithm::RS256],
        leeway_s: 60,
    };
    let keys = Jwks::of(vec![world.gateway.public.clone()]);
    let verifier: Verifier<Access> = Verifier::new(rules, &keys, Arc::new(world.clock.clone()));
    let now = world.clock.now().as_second();
    let mut head = World::head();
    head.typ = Some("at+jwt".to_owned());
    let claims = json!({ "iss": "https://identity.cloudeats.example", "aud": ["cloudeats"], "exp": now - 30, "sub": "anna" });
    let token = World::signed(&head, &claims, &world.gateway);
    assert_eq!(verifier.verify(&token).unwrap().sub, "anna");

    let late = World::signed(&head, &with(&claims, "exp", &json!(now - 61)), &world.gateway);
    assert!(verifier.verify(&late).is_err());
    let of_a_service = World::signed(&World::head(), &claims, &world.gateway);
    assert!(verifier.verify(&of_a_service).is_err());
}
