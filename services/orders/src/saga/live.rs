//! The saga against a database and participants that misbehave.

use std::time::Duration;

use common::types::{Cell, Clock, DeliveryId, OrderId, SystemClock};
use event_kit::Heard;
use fleet_contract::events::{DeliveryCompleted, DeliveryFailed, DeliveryPickedUp};
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::{
    app::DeliveryFact,
    bench::{Bench, CAFE},
};

/// Takes a pick-up order over the counter, so that its money is taken.
async fn handed_over(bench: &Bench) -> OrderId {
    let id = bench.a_confirmed_order().await;
    bench.kitchen(id, "ready", 5).await;
    bench.kitchen(id, "completed", 6).await;
    id
}

async fn incidents(bench: &Bench) -> Vec<Value> {
    let list = bench.service.as_operator().get("/v1/ops/incidents").send().await;
    list.is(200).json["incidents"].as_array().unwrap().clone()
}

async fn call_keys(bench: &Bench, id: OrderId) -> Vec<String> {
    let keys: Vec<String> = sqlx::query_scalar(
        "SELECT call_key || ' ' || outcome FROM saga_step WHERE order_id = $1 ORDER BY asked_at, call_key",
    )
    .bind(id.as_uuid())
    .fetch_all(&bench.db)
    .await
    .unwrap();
    keys.iter().map(|key| key.split_once(':').unwrap().1.to_owned()).collect()
}

#[sqlx::test(migrator = "crate::MIGRATIONS")]
async fn a_capture_refused_for_good_is_tried_once_more_with_a_new_authorization(db: PgPool) {
    let bench = Bench::new(db).await;
    bench.neighbours.tell("/capture", 409, "capture-refused", 1);

    let id = handed_over(&bench).await;

    bench.becomes(id, "COMPLETED").await;
    let path = bench.path(id).await;
    assert_eq!(path[6..], ["DELIVERED", "CAPTURING", "CAPTURE_FAILED", "CAPTURING", "COMPLETED"]);
    let keys = call_keys(&bench, id).await;
    for key in ["capture:1 REFUSED", "authorize:2 OK", "capture:2 OK", "ship:1 OK"] {
        assert!(keys.contains(&key.to_owned()), "{key}: {keys:?}");
    }
    assert_eq!(bench.neighbours.asked("/v1/internal/payments"), 2);
    let told = bench.told().await;
    assert_eq!(told.iter().filter(|name| *name == "order_delivered").count(), 1, "{told:?}");
    assert_eq!(incidents(&bench).await, Vec::<Value>::new());
}

#[sqlx::test(migrator = "crate::MIGRATIONS")]
async fn a_capture_refused_twice_is_a_debt_for_a_person(db: PgPool) {
    let bench = Bench::new(db).await;
    bench.neighbours.tell("/capture", 409, "capture-refused", 2);

    let id = handed_over(&bench).await;

    bench.becomes(id, "COMPLETED_UNPAID").await;
    assert_eq!(bench.neighbours.asked("/capture"), 2);
    let found = incidents(&bench).await;
    assert_eq!(
        (&found[0]["kind"], &found[0]["detail"]),
        (&json!("unpaid"), &json!("capture-refused"))
    );
    let told = bench.told().await;
    assert_eq!(told.last().map(String::as_str), Some("order_completed"));
}

#[sqlx::test(migrator = "crate::MIGRATIONS")]
async fn a_new_authorization_of_which_nothing_is_heard_is_a_debt_at_the_deadline(db: PgPool) {
    let bench = Bench::new(db).await;
    let id = bench.a_confirmed_order().await;
    bench.neighbours.tell("/capture", 409, "capture-refused", 1);
    bench.neighbours.tell("/payments", 500, "panic", 1_000);
    bench.kitchen(id, "ready", 5).await;
    bench.kitchen(id, "completed", 6).await;
    bench.becomes(id, "CAPTURE_FAILED").await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(bench.state(id).await, "CAPTURE_FAILED", "silence is no refusal");

    bench.is_settled(id).await;
    bench.passes(id, "deadline_at").await;

    bench.becomes(id, "COMPLETED_UNPAID").await;
    assert_eq!(incidents(&bench).await[0]["kind"], "unpaid");
}

#[sqlx::test(migrator = "crate::MIGRATIONS")]
async fn a_store_that_is_silent_for_five_minutes_loses_the_order(db: PgPool) {
    let bench = Bench::new(db).await;
    bench.accepts_by_hand().await;
    let id = bench.a_confirmed_order().await;
    assert!((290..=300).contains(&seconds_left(&bench, id).await));

    bench.passes(id, "deadline_at").await;

    bench.becomes(id, "CANCELLED").await;
    let cause: String =
        sqlx::query_scalar("SELECT cause FROM orders").fetch_one(&bench.db).await.unwrap();
    assert_eq!(cause, "store-silent");
}

#[sqlx::test(migrator = "crate::MIGRATIONS")]
async fn a_store_that_accepts_has_as_long_as_any_other(db: PgPool) {
    let bench = Bench::new(db).await;
    bench.accepts_by_hand().await;
    let id = bench.a_confirmed_order().await;
    let staff = bench.service.as_staff(CAFE);
    let board = staff.get(&format!("/v1/kitchen/tickets?store_id={CAFE}")).send().await;
    let ticket = board.json["tickets"][0]["ticket_id"].as_str().unwrap().to_owned();

    staff.post(&format!("/v1/kitchen/tickets/{ticket}/accept"), json!({})).send().await.is(200);

    assert!(seconds_left(&bench, id).await > 3_600);
    bench.is_settled(id).await;
    assert_eq!(bench.state(id).await, "CONFIRMED");
}

async fn seconds_left(bench: &Bench, id: OrderId) -> i64 {
    sqlx::query_scalar(
        "SELECT extract(epoch FROM deadline_at - now())::bigint FROM orders WHERE order_id = $1",
    )
    .bind(id.as_uuid())
    .fetch_one(&bench.db)
    .await
    .unwrap()
}

#[sqlx::test(migrator = "crate::MIGRATIONS")]
async fn the_order_of_a_dead_worker_is_taken_when_its_lease_is_over(db: PgPool) {
    let bench = Bench::new(db).await;
    let id = bench.a_confirmed_order().await;
    bench.force(id, &["CANCELLING"]).await;
    let leased =
        "UPDATE orders SET lease_owner = gen_random_uuid(), lease_until = now() + interval '2 s',
                         next_attempt_at = now() - interval '1 s'";
    sqlx::query(leased).execute(&bench.db).await.unwrap();

    tokio::time::sleep(Duration::from_millis(1_300)).await;
    assert_eq!(bench.state(id).await, "CANCELLING", "it is somebody's");

    bench.becomes(id, "CANCELLED").await;
}

#[sqlx::test(migrator = "crate::MIGRATIONS")]
async fn an_undo_without_an_answer_is_asked_for_again_and_again(db: PgPool) {
    let bench = Bench::new(db).await;
    let id = bench.a_confirmed_order().await;
    bench.neighbours.tell("/void", 500, "panic", 6);

    bench.cancel(id).await.is(202);

    bench.becomes(id, "CANCELLED").await;
    assert!(bench.neighbours.asked("/void") >= 7);
    assert_eq!(incidents(&bench).await, Vec::<Value>::new(), "silence is no refusal");
}

#[sqlx::test(migrator = "crate::MIGRATIONS")]
async fn a_delivery_that_the_fleet_refuses_is_for_a_person(db: PgPool) {
    let bench = Bench::new(db).await;
    bench.neighbours.tell("/deliveries", 409, "outside-area", 1);

    let id = bench.a_delivery("a-delivery-of-the-tests").await;

    bench.is_settled(id).await;
    let found = incidents(&bench).await;
    assert_eq!((&found[0]["kind"], &found[0]["about"]), (&json!("refused"), &json!("deliver")));
    assert_eq!(bench.state(id).await, "CONFIRMED");
}

macro_rules! courier_tells {
    ($bench:expr, $kind:ident, $order:expr, $seq:expr, $fact:expr) => {{
        let clock = SystemClock;
        let told = $kind {
            delivery_id: DeliveryId::from_uuid($order.as_uuid()),
            order_id: $order,
            cell: Cell::parse("east-a").unwrap(),
            courier_id: None,
            vehicle_id: None,
            at: clock.now(),
            device_time: None,
            reason: None,
        };
        let heard = Heard::new("orders", clock.new_id(), $seq, clock.now(), told);
        $bench.app.record_delivery(&heard, $order, $fact).await.unwrap();
    }};
}

#[sqlx::test(migrator = "crate::MIGRATIONS")]
async fn what_a_courier_tells_too_late_is_an_incident_and_changes_nothing(db: PgPool) {
    let bench = Bench::new(db).await;
    let id = bench.a_delivery("a-delivery-of-the-tests").await;
    bench.cancel(id).await.is(202);
    bench.becomes(id, "CANCELLED").await;

    courier_tells!(bench, DeliveryCompleted, id, 1, DeliveryFact::Completed);

    assert_eq!(bench.state(id).await, "CANCELLED");
    let found = incidents(&bench).await;
    assert_eq!(found.len(), 1);
    let said = (&found[0]["kind"], &found[0]["about"], &found[0]["order_state"]);
    assert_eq!(said, (&json!("late-fact"), &json!("delivery_completed"), &json!("CANCELLED")));
}

#[sqlx::test(migrator = "crate::MIGRATIONS")]
async fn a_second_try_of_the_courier_succeeds_without_an_incident(db: PgPool) {
    let bench = Bench::new(db).await;
    let id = bench.a_delivery("a-delivery-of-the-tests").await;
    bench.kitchen(id, "ready", 5).await;

    courier_tells!(bench, DeliveryPickedUp, id, 1, DeliveryFact::PickedUp);
    let cause = "nobody-home".to_owned();
    courier_tells!(bench, DeliveryFailed, id, 2, DeliveryFact::Failed { cause });
    courier_tells!(bench, DeliveryPickedUp, id, 3, DeliveryFact::PickedUp);
    courier_tells!(bench, DeliveryPickedUp, id, 4, DeliveryFact::PickedUp);
    courier_tells!(bench, DeliveryCompleted, id, 5, DeliveryFact::Completed);

    bench.becomes(id, "COMPLETED").await;
    assert_eq!(incidents(&bench).await, Vec::<Value>::new());
}
