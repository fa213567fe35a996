//! Orders that nobody answers, and what operations do about them.

use std::time::Duration;

use common::types::{Clock, CustomerId, OrderId, Principal, Role, SystemClock};
use serde_json::{Value, json};
use sqlx::PgPool;
use test_kit::{TestAnswer, TestCaller};
use uuid::Uuid;

use crate::{
    bench::{ANNA, Bench, CAFE},
    domain::{Call, Heard, Owner, Progress},
    store,
};

const RITA: Uuid = Uuid::from_u128(0x1);
const SAM: Uuid = Uuid::from_u128(0x2);
/// Every step at which an order can stop. The last is the second try to charge.
const STEPS: [&str; 9] = [
    "reserve",
    "authorize",
    "deliver",
    "ship",
    "capture",
    "release",
    "void",
    "recall",
    "authorize again",
];

fn with_role(bench: &Bench, id: Uuid, role: Role) -> TestCaller {
    bench.service.as_principal(&Principal { id, roles: vec![role], stores: Vec::new() })
}

/// Somebody of operations does something to an order; each time under a key of its own.
async fn does(bench: &Bench, who: Uuid, act: &str, id: OrderId, body: Value) -> TestAnswer {
    let key = SystemClock.new_id().to_string();
    let path = format!("/v1/ops/orders/{id}/saga/{act}");
    with_role(bench, who, Role::Ops).post(&path, body).key(&key).send().await
}

async fn retries(bench: &Bench, id: OrderId) -> TestAnswer {
    does(bench, RITA, "retry", id, json!({"reason": "the neighbour is back"})).await
}

async fn compensates(bench: &Bench, id: OrderId) -> TestAnswer {
    does(bench, RITA, "compensate", id, json!({"reason": "it will not come back today"})).await
}

async fn skips(bench: &Bench, who: Uuid, id: OrderId) -> TestAnswer {
    does(bench, who, "skip", id, json!({"reason": "seen to by hand"})).await
}

/// The path of the call that is silent at a step.
fn path_of(step: &str) -> &'static str {
    match step {
        "reserve" => "/reservations",
        "authorize" | "authorize again" => "/payments",
        "deliver" => "/deliveries",
        "ship" => "/ship",
        "capture" => "/capture",
        "release" => "/release",
        "void" => "/void",
        "recall" => "/cancel",
        other => panic!("no step {other}"),
    }
}

fn falls_silent(bench: &Bench, step: &str) {
    bench.neighbours.tell(path_of(step), 500, "panic", usize::MAX);
}

fn speaks_again(bench: &Bench, step: &str) {
    bench.neighbours.tell(path_of(step), 500, "panic", 0);
}

/// An order that nobody answers at a step, and that is not tried again for an hour.
async fn stopped_at(bench: &Bench, step: &str) -> OrderId {
    let id = stops_at(bench, step).await;
    if ["release", "void", "recall"].contains(&step) {
        comes_to_wait_for(bench, id, step).await;
    }
    rests(bench, id).await;
    id
}

/// An order that nobody answers at a step.
async fn stops_at(bench: &Bench, step: &str) -> OrderId {
    let key = format!("stops-{}", SystemClock.new_id());
    match step {
        "reserve" | "authorize" => {
            falls_silent(bench, step);
            id_of(bench.place(&key, "pm_approved").await.is(202))
        }
        "deliver" => {
            falls_silent(bench, step);
            bench.a_delivery(&key).await
        }
        "release" | "void" | "recall" => {
            let id = bench.a_delivery(&key).await;
            bench.is_settled(id).await;
            falls_silent(bench, step);
            let path = format!("/v1/orders/{id}/cancellation");
            let anna = bench.service.as_customer(ANNA);
            let cancels = anna.post(&path, json!({"reason": "duplicate"})).key(&key);
            cancels.send().await.is(202);
            id
        }
        _ => {
            let answer = bench.place(&key, "pm_approved").await;
            let id = bench.confirmed(&answer).await;
            falls_silent(bench, step);
            if step == "authorize again" {
                bench.neighbours.tell("/capture", 409, "capture-refused", 1);
            }
            bench.kitchen(id, "ready", 5).await;
            bench.kitchen(id, "completed", 6).await;
            id
        }
    }
}

/// What is undone beside the step that is stopped may take longer on a busy machine.
async fn comes_to_wait_for(bench: &Bench, id: OrderId, steps: &str) {
    for _ in 0..400 {
        if waits_for(bench, id).await == steps {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("order {id} waits for {}", waits_for(bench, id).await);
}

fn id_of(placed: &TestAnswer) -> OrderId {
    placed.json["order_id"].as_str().unwrap().parse().unwrap()
}

/// Waits until no worker has anything to do with an order.
async fn stops_waiting(bench: &Bench, id: OrderId) {
    if !["COMPLETED", "CANCELLED"].contains(&bench.state(id).await.as_str()) {
        bench.is_settled(id).await;
    }
}

/// Waits until an order was tried in vain, and puts its next try an hour away.
async fn rests(bench: &Bench, id: OrderId) {
    let sql = "UPDATE orders SET next_attempt_at = now() + interval '1 h', attempts = 9
                WHERE order_id = $1 AND attempts > 0 AND lease_until IS NULL";
    for _ in 0..400 {
        let put = sqlx::query(sql).bind(id.as_uuid()).execute(&bench.db).await.unwrap();
        if put.rows_affected() == 1 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("order {id} in {} is not tried in vain", bench.state(id).await);
}

/// The saga's lane of an order's X-ray.
async fn saga(bench: &Bench, id: OrderId) -> Vec<Value> {
    let path = format!("/v1/internal/xray/{id}");
    let xray = bench.service.as_service("gateway").get(&path).send().await;
    xray.is(200).json["lanes"][0]["entries"].as_array().unwrap().clone()
}

/// For what an order waits, as its X-ray says.
async fn waits_for(bench: &Bench, id: OrderId) -> Value {
    saga(bench, id).await.last().unwrap()["detail"]["waits_for"].clone()
}

/// Who did something, and why, as the X-ray says.
fn said(lane: &[Value], what: &str) -> (String, String) {
    let entry = lane.iter().find(|entry| entry["what"] == what);
    let entry = entry.unwrap_or_else(|| panic!("no {what} in {lane:?}"));
    (entry["actor"].as_str().unwrap().to_owned(), entry["cause"].as_str().unwrap().to_owned())
}

async fn acts(bench: &Bench) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM saga_act").fetch_one(&bench.db).await.unwrap()
}

async fn a_bench(db: PgPool) -> Bench {
    Bench::waiting(db, Duration::from_secs(2)).await
}

#[sqlx::test(migrator = "crate::MIGRATIONS")]
async fn wherever_an_order_stops_its_xray_names_the_step_and_a_retry_ends_it(db: PgPool) {
    let bench = a_bench(db).await;
    for step in STEPS {
        let id = stopped_at(&bench, step).await;
        let named = step.trim_end_matches(" again");
        assert_eq!(waits_for(&bench, id).await, named);

        speaks_again(&bench, step);
        let answer = retries(&bench, id).await;

        assert_eq!(answer.is(202).json["status"], "done", "{step}");
        let end = match step {
            "reserve" | "authorize" | "deliver" => "CONFIRMED",
            "release" | "void" | "recall" => "CANCELLED",
            _ => "COMPLETED",
        };
        bench.becomes(id, end).await;
        stops_waiting(&bench, id).await;
        assert_eq!(waits_for(&bench, id).await, Value::Null, "{step}");
        let why = (RITA.to_string(), "the neighbour is back".to_owned());
        assert_eq!(said(&saga(&bench, id).await, "retry"), why, "{step}");
    }
}

#[sqlx::test(migrator = "crate::MIGRATIONS")]
async fn an_order_in_the_store_is_sent_back_from_wherever_it_stops(db: PgPool) {
    let bench = a_bench(db).await;
    for (step, end) in
        [("reserve", "REJECTED"), ("authorize", "REJECTED"), ("deliver", "CANCELLED")]
    {
        let id = stopped_at(&bench, step).await;

        compensates(&bench, id).await.is(202);

        bench.becomes(id, end).await;
        speaks_again(&bench, step);
        let lane = saga(&bench, id).await;
        let why = (RITA.to_string(), "it will not come back today".to_owned());
        assert_eq!(said(&lane, "compensate"), why);
        assert_eq!(said(&lane, "CANCELLING"), ("ops".to_owned(), "operations".to_owned()));
        let (release, void) = (lane.iter().any(|one| one["what"] == "release OK"), "void OK");
        assert!(release && lane.iter().any(|one| one["what"] == void), "{step}: {lane:?}");
    }
    assert!(bench.told().await.contains(&"order_cancelling".to_owned()));
}

#[sqlx::test(migrator = "crate::MIGRATIONS")]
async fn what_has_left_the_store_or_is_undone_already_is_not_sent_back(db: PgPool) {
    let bench = a_bench(db).await;
    for (step, state, code) in [
        ("ship", "CAPTURING", "already-on-its-way"),
        ("capture", "CAPTURING", "already-on-its-way"),
        ("authorize again", "CAPTURE_FAILED", "already-on-its-way"),
        ("void", "CANCELLING", "already-cancelled"),
    ] {
        let id = stopped_at(&bench, step).await;

        compensates(&bench, id).await.is_problem(409, code);

        assert_eq!(bench.state(id).await, state, "{step}");
        speaks_again(&bench, step);
    }
    assert_eq!(acts(&bench).await, 0);
}

#[sqlx::test(migrator = "crate::MIGRATIONS")]
async fn a_step_is_skipped_once_two_persons_say_so_and_leaves_an_incident(db: PgPool) {
    let bench = a_bench(db).await;
    for (step, end) in [
        ("deliver", "CONFIRMED"),
        ("ship", "COMPLETED"),
        ("release", "CANCELLED"),
        ("void", "CANCELLED"),
        ("recall", "CANCELLED"),
    ] {
        let id = stopped_at(&bench, step).await;
        let state = bench.state(id).await;

        let first = skips(&bench, RITA, id).await;
        skips(&bench, RITA, id).await.is_problem(403, "second-person-needed");
        assert_eq!((bench.state(id).await, waits_for(&bench, id).await), (state, json!(step)));
        let second = skips(&bench, SAM, id).await;

        let asked = &first.is(202).json;
        assert_eq!((&asked["status"], &asked["step"]), (&json!("pending"), &json!(step)));
        assert!(asked["lapses_at"].is_string());
        let done = &second.is(200).json;
        assert_eq!((&done["status"], &done["act_id"]), (&json!("done"), &asked["act_id"]));
        assert_eq!((&done["asked_by"], &done["agreed_by"]), (&json!(RITA), &json!(SAM)));
        bench.becomes(id, end).await;
        stops_waiting(&bench, id).await;
        let lane = saga(&bench, id).await;
        assert_eq!(said(&lane, &format!("skip {step} asked for")).0, RITA.to_string());
        assert_eq!(said(&lane, &format!("skip {step}")).0, SAM.to_string());
        let refused = lane.iter().find(|one| one["what"] == format!("{step} REFUSED"));
        assert_eq!(refused.unwrap()["cause"], "skipped", "never OK without proof");
        let path = format!("/v1/ops/incidents?order_id={id}");
        let incidents = bench.service.as_operator().get(&path).send().await;
        let left = &incidents.json["incidents"][0];
        assert_eq!((&left["about"], &left["detail"]), (&json!(step), &json!("skipped")));
        speaks_again(&bench, step);
    }
}

#[sqlx::test(migrator = "crate::MIGRATIONS")]
async fn nobody_says_that_goods_or_money_were_held_or_taken(db: PgPool) {
    let bench = a_bench(db).await;
    for step in ["reserve", "authorize", "capture", "authorize again"] {
        let id = stopped_at(&bench, step).await;

        skips(&bench, RITA, id).await.is_problem(409, "never-skipped");
        let named = json!({"reason": "I saw it", "step": step.trim_end_matches(" again")});
        does(&bench, SAM, "skip", id, named).await.is_problem(409, "never-skipped");

        assert_eq!(waits_for(&bench, id).await, step.trim_end_matches(" again"));
        speaks_again(&bench, step);
    }
    assert_eq!(acts(&bench).await, 0);
}

#[sqlx::test(migrator = "crate::MIGRATIONS")]
async fn two_persons_have_to_mean_the_same_step(db: PgPool) {
    let bench = a_bench(db).await;
    falls_silent(&bench, "release");
    let id = stops_at(&bench, "void").await;
    comes_to_wait_for(&bench, id, "release, void").await;
    rests(&bench, id).await;
    let named = |step: &str| json!({"reason": "seen to by hand", "step": step});

    skips(&bench, RITA, id).await.is_problem(409, "several-steps-wait");
    does(&bench, RITA, "skip", id, named("void")).await.is(202);
    does(&bench, SAM, "skip", id, named("release")).await.is(202);
    assert_eq!(waits_for(&bench, id).await, "release, void");
    does(&bench, SAM, "skip", id, named("recall")).await.is_problem(409, "nothing-to-skip");

    does(&bench, SAM, "skip", id, named("void")).await.is(200);
    rests(&bench, id).await;
    assert_eq!(waits_for(&bench, id).await, "release");
    does(&bench, RITA, "skip", id, named("release")).await.is(200);
    bench.becomes(id, "CANCELLED").await;
}

#[sqlx::test(migrator = "crate::MIGRATIONS")]
async fn a_wish_to_skip_lapses_after_a_quarter_of_an_hour(db: PgPool) {
    let bench = a_bench(db).await;
    let id = stopped_at(&bench, "void").await;
    skips(&bench, RITA, id).await.is(202);
    let lapsed = "UPDATE saga_act SET asked_at = asked_at - interval '15 min'";
    sqlx::query(lapsed).execute(&bench.db).await.unwrap();

    let anew = skips(&bench, SAM, id).await;

    assert_eq!(anew.is(202).json["status"], "pending");
    assert_eq!(bench.state(id).await, "CANCELLING");
    skips(&bench, RITA, id).await.is(200);
    bench.becomes(id, "CANCELLED").await;
}

#[sqlx::test(migrator = "crate::MIGRATIONS")]
async fn of_several_who_agree_at_once_one_is_the_second_person(db: PgPool) {
    let bench = a_bench(db).await;
    let id = stopped_at(&bench, "void").await;
    skips(&bench, RITA, id).await.is(202);

    let agree = (2..6).map(|who| skips(&bench, Uuid::from_u128(who), id));
    let answers = futures::future::join_all(agree).await;

    let done = answers.iter().filter(|answer| answer.status == 200).count();
    let codes = answers.iter().map(|answer| answer.json["code"].as_str().unwrap_or("done"));
    assert_eq!(done, 1, "{:?}", codes.collect::<Vec<_>>());
    bench.becomes(id, "CANCELLED").await;
    assert_eq!(acts(&bench).await, 1);
}

#[sqlx::test(migrator = "crate::MIGRATIONS")]
async fn even_the_database_wants_a_second_person(db: PgPool) {
    let bench = a_bench(db).await;
    let id = stopped_at(&bench, "void").await;
    skips(&bench, RITA, id).await.is(202);

    let agrees = "UPDATE saga_act SET agreed_by = asked_by, agreed_reason = 'x', agreed_at = now()";
    let refused = sqlx::query(agrees).execute(&bench.db).await.unwrap_err();

    let constraint = refused.as_database_error().and_then(|error| error.constraint());
    assert_eq!(constraint, Some("saga_act_second_person"));
}

#[sqlx::test(migrator = "crate::MIGRATIONS")]
async fn an_answer_that_comes_after_the_skip_is_nobodys(db: PgPool) {
    let bench = a_bench(db).await;
    let id = stopped_at(&bench, "void").await;
    let mut connection = bench.db.acquire().await.unwrap();
    let worker = store::orders::find(&mut connection, Owner::Everyone, id).await.unwrap().unwrap();
    skips(&bench, RITA, id).await.is(202);
    skips(&bench, SAM, id).await.is(200);

    let heard = Progress::from([(Call::Void, Heard::Done)]);
    bench.app.give_back(&worker, &heard, None).await.unwrap();

    bench.becomes(id, "CANCELLED").await;
    let outcome =
        "SELECT outcome || ' ' || detail FROM saga_step WHERE order_id = $1 AND step = 'void'";
    let outcome: String =
        sqlx::query_scalar(outcome).bind(id.as_uuid()).fetch_one(&bench.db).await.unwrap();
    assert_eq!(outcome, "REFUSED skipped");
}

#[sqlx::test(migrator = "crate::MIGRATIONS")]
async fn a_retry_takes_the_order_from_a_worker_that_is_dead(db: PgPool) {
    let bench = a_bench(db).await;
    let id = stopped_at(&bench, "void").await;
    let leased =
        "UPDATE orders SET lease_owner = gen_random_uuid(), lease_until = now() + interval '1 h'";
    sqlx::query(leased).execute(&bench.db).await.unwrap();
    speaks_again(&bench, "void");

    retries(&bench, id).await.is(202);

    bench.becomes(id, "CANCELLED").await;
}

#[sqlx::test(migrator = "crate::MIGRATIONS")]
async fn an_order_at_rest_has_nothing_to_retry_or_to_skip(db: PgPool) {
    let bench = a_bench(db).await;
    let confirmed = bench.a_confirmed_order().await;
    let ended = bench.an_ended_order("an-order-that-has-ended").await;
    let archived = bench.an_ended_order("an-order-of-long-ago").await;
    bench.is_settled(confirmed).await;
    bench.ended_hours_ago(archived, 73).await;
    bench.app.archive_orders().await.unwrap();

    for id in [confirmed, ended, archived] {
        retries(&bench, id).await.is_problem(409, "nothing-to-retry");
        skips(&bench, RITA, id).await.is_problem(409, "nothing-to-skip");
    }
    compensates(&bench, archived).await.is_problem(409, "already-on-its-way");
    let nobodys: OrderId = Uuid::from_u128(7).to_string().parse().unwrap();
    retries(&bench, nobodys).await.is_problem(404, "no-such-order");
    assert_eq!(acts(&bench).await, 0);
}

#[sqlx::test(migrator = "crate::MIGRATIONS")]
async fn the_same_key_is_the_same_act(db: PgPool) {
    let bench = a_bench(db).await;
    let id = stopped_at(&bench, "void").await;
    let rita = with_role(&bench, RITA, Role::Ops);
    let body = json!({"reason": "seen to by hand"});
    for (act, times) in [("retry", 1), ("skip", 2)] {
        let path = format!("/v1/ops/orders/{id}/saga/{act}");
        let key = "a-key-of-ritas-own";

        let first = rita.post(&path, &body).key(key).send().await;
        let again = rita.post(&path, &body).key(key).send().await;

        assert_eq!(again.is(202).body, first.is(202).body, "{act}");
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        let other = rita.post(&path, json!({"reason": "something else"})).key(key).send().await;
        other.is_problem(422, "key-reused");
        assert_eq!(acts(&bench).await, times);
    }
}

#[sqlx::test(migrator = "crate::MIGRATIONS")]
async fn who_may_not_or_does_not_say_why_changes_nothing(db: PgPool) {
    let bench = a_bench(db).await;
    let id = stopped_at(&bench, "deliver").await;
    let body = json!({"reason": "because"});
    for act in ["retry", "compensate", "skip"] {
        let path = format!("/v1/ops/orders/{id}/saga/{act}");
        for caller in [
            bench.service.as_customer(ANNA),
            bench.service.as_customer(CustomerId::from_uuid(RITA)),
            bench.service.as_manager(CAFE),
            with_role(&bench, RITA, Role::Support),
        ] {
            let answer = caller.post(&path, &body).key("a-key-of-a-stranger").send().await;
            answer.is_problem(403, "role-not-allowed");
        }
        let rita = with_role(&bench, RITA, Role::Ops);
        rita.post(&path, &body).send().await.is_problem(400, "no-idempotency-key");
        for odd in [json!({"reason": " "}), json!({}), json!({"reason": "x".repeat(501)})] {
            does(&bench, RITA, act, id, odd).await.is_problem(422, "invalid-body");
        }
        let unknown = json!({"reason": "because", "state": "COMPLETED"});
        does(&bench, RITA, act, id, unknown).await.is_problem(422, "unknown-field");
    }
    assert_eq!((bench.state(id).await.as_str(), acts(&bench).await), ("CONFIRMED", 0));
}
