//! `POST /v1/deliveries/{delivery_id}/events`

use axum::extract::State;
use common::types::DeliveryId;
use service_kit::{Answer, Caller, Couriers, Path, Problem, ValidJson};

use super::wire;
use crate::{App, app::Sender};

/// Takes down what the caller did with a delivery; the same event counts once. An event ahead of its
/// predecessor is kept, and shows in the state once that has come.
#[utoipa::path(
    post, path = "/v1/deliveries/{delivery_id}/events",
    operation_id = "record_delivery_event", tag = "deliveries",
    params(("delivery_id" = DeliveryId, Path)), request_body = wire::DeliveryEvent,
    responses((status = 200, body = wire::Delivery), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    caller: Caller<Couriers>,
    Path(id): Path<DeliveryId>,
    ValidJson(event): ValidJson<wire::DeliveryEvent>,
) -> Result<Answer<wire::Delivery>, Problem> {
    let sender = Sender::Courier(caller.principal().courier());
    let delivery = app.record_fact(sender, &wire::said(id, event)).await?;
    Ok(Answer::ok(wire::Delivery::from(&delivery)).etag(delivery.version()))
}

#[cfg(test)]
mod live {
    use serde_json::json;
    use sqlx::PgPool;

    use crate::bench::{Bench, DOOR, STORE};

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_courier_collects_and_hands_over_and_is_free_again(db: PgPool) {
        let bench = Bench::new(db);
        let (delivery, courier) = bench.an_assigned_delivery().await;
        bench.hears_ticket(1, "READY").await;

        for (kind, place, state) in [
            ("arrive_pickup", STORE, "AT_PICKUP"),
            ("pickup", STORE, "PICKED_UP"),
            ("arrive_dropoff", DOOR, "AT_DROPOFF"),
            ("deliver", DOOR, "DELIVERED"),
        ] {
            let answer = bench.fact(courier, delivery, kind, place).await;
            assert_eq!(answer.is(200).json["state"], state);
        }

        assert_eq!(bench.courier_state(courier).await, "AVAILABLE");
        bench
            .has_told(&[
                "delivery_planned",
                "delivery_assigned",
                "courier_at_pickup",
                "delivery_picked_up",
                "courier_at_dropoff",
                "delivery_completed",
            ])
            .await;
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn the_same_event_twice_at_once_counts_once(db: PgPool) {
        let bench = Bench::new(db);
        let (delivery, courier) = bench.an_assigned_delivery().await;
        let event = bench.event("arrive_pickup", STORE);
        let path = format!("/v1/deliveries/{delivery}/events");
        let send = || bench.as_courier(courier).post(&path, &event).send();

        let (one, two) = tokio::join!(send(), send());

        assert_eq!(one.is(200).json["state"], "AT_PICKUP");
        assert_eq!(two.is(200).json["version"], one.json["version"]);
        bench.has_told(&["delivery_planned", "delivery_assigned", "courier_at_pickup"]).await;

        let mut other = event.clone();
        other["kind"] = json!("decline");
        let reused = bench.as_courier(courier).post(&path, &other).send().await;
        reused.is_problem(422, "event-reused");
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn events_in_any_order_end_where_the_right_order_ends(db: PgPool) {
        let bench = Bench::new(db);
        let (delivery, courier) = bench.an_assigned_delivery().await;
        bench.hears_ticket(1, "READY").await;

        let first = bench.fact(courier, delivery, "deliver", DOOR).await;
        assert_eq!(first.is(200).json["state"], "ASSIGNED", "kept, without effect so far");
        bench.fact(courier, delivery, "arrive_dropoff", DOOR).await.is(200);
        let last = bench.fact(courier, delivery, "pickup", STORE).await;

        assert_eq!(last.is(200).json["state"], "DELIVERED");
        let late = bench.fact(courier, delivery, "arrive_pickup", STORE).await;
        assert_eq!(late.is(200).json["state"], "DELIVERED");
        assert_eq!(bench.courier_state(courier).await, "AVAILABLE");
        assert!(bench.incidents().await.is_empty());
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn goods_handed_over_elsewhere_are_for_a_person_to_look_at(db: PgPool) {
        let bench = Bench::new(db);
        let (delivery, courier) = bench.a_collected_delivery().await;

        let event = bench.event("deliver", STORE);
        let path = format!("/v1/deliveries/{delivery}/events");
        for _ in 0..2 {
            let answer = bench.as_courier(courier).post(&path, &event).send().await;
            answer.is_problem(409, "not-at-the-door");
        }

        assert_eq!(bench.state_of(delivery).await, "PICKED_UP");
        assert_eq!(bench.incidents().await, ["not-at-the-door"], "once");
        bench.fact(courier, delivery, "deliver", DOOR).await.is(200);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_clock_that_cannot_be_is_not_believed(db: PgPool) {
        let bench = Bench::new(db);
        let (delivery, courier) = bench.a_collected_delivery().await;
        let mut event = bench.event("deliver", DOOR);
        event["device_time"] = json!("2030-01-01T00:00:00Z");

        let path = format!("/v1/deliveries/{delivery}/events");
        let answer = bench.as_courier(courier).post(&path, &event).send().await;

        answer.is_problem(409, "implausible-time");
        assert_eq!(bench.incidents().await, ["implausible-time"]);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn another_couriers_delivery_is_not_there(db: PgPool) {
        let bench = Bench::new(db);
        let (delivery, _) = bench.an_assigned_delivery().await;
        let stranger = bench.a_courier(2).await;

        let answer = bench.fact(stranger, delivery, "arrive_pickup", STORE).await;

        answer.is_problem(404, "no-such-delivery");
        assert_eq!(bench.state_of(delivery).await, "ASSIGNED");
        assert_eq!(bench.count("courier_fact").await, 0);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_delivery_that_is_declined_goes_to_somebody_else(db: PgPool) {
        let bench = Bench::new(db);
        let (delivery, courier) = bench.an_assigned_delivery().await;

        bench.fact(courier, delivery, "decline", STORE).await.is(200);
        bench.dispatches().await;
        assert_eq!(bench.state_of(delivery).await, "PENDING", "nobody else is free");
        bench.a_free_courier(2, DOOR).await;
        bench.dispatches().await;

        assert_eq!(bench.state_of(delivery).await, "ASSIGNED");
        assert_eq!(bench.courier_state(courier).await, "AVAILABLE");
        let late = bench.fact(courier, delivery, "arrive_pickup", STORE).await;
        late.is_problem(409, "delivery-reassigned");
        assert_eq!(bench.incidents().await, ["delivery-reassigned"]);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_delivery_that_failed_frees_its_courier(db: PgPool) {
        let bench = Bench::new(db);
        let (delivery, courier) = bench.a_collected_delivery().await;

        bench.fact(courier, delivery, "fail", DOOR).await.is(200);

        assert_eq!(bench.state_of(delivery).await, "FAILED");
        assert_eq!(bench.courier_state(courier).await, "AVAILABLE");
        assert_eq!(bench.told().await.last().map(String::as_str), Some("delivery_failed"));
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn bad_input_changes_nothing(db: PgPool) {
        let bench = Bench::new(db);
        let (delivery, courier) = bench.an_assigned_delivery().await;
        let path = format!("/v1/deliveries/{delivery}/events");
        let send = async |field: &str, value: serde_json::Value| {
            let mut event = bench.event("arrive_pickup", STORE);
            event[field] = value;
            bench.as_courier(courier).post(&path, &event).send().await
        };

        send("kind", json!("teleport")).await.is_problem(422, "invalid-body");
        send("position", json!({"lat": 91.0, "lon": 0.0})).await.is_problem(422, "invalid-body");
        send("event_id", json!("1")).await.is_problem(422, "invalid-body");
        send("state", json!("DELIVERED")).await.is_problem(422, "unknown-field");
        assert_eq!(bench.state_of(delivery).await, "ASSIGNED");
        assert_eq!(bench.count("courier_fact").await, 0);
    }
}
