//! `PUT /v1/kitchen/tickets/{ticket_id}/status`

use axum::extract::State;
use common::types::{Class, TicketId};
use orders_contract::http::{SetStatus, Ticket};
use service_kit::{Answer, Caller, IfMatch, Path, Problem, Staff, ValidJson};

use super::{owner, set_order_status};
use crate::{App, wire};

/// Moves a ticket on: `preparing` or `ready`. It is handed over with its order.
#[utoipa::path(
    put, path = "/v1/kitchen/tickets/{ticket_id}/status", operation_id = "set_ticket_status", tag = "kitchen",
    params(("ticket_id" = TicketId, Path), ("If-Match" = String, Header, description = "The ticket's `ETag`")),
    request_body = SetStatus,
    responses((status = 200, body = Ticket), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    caller: Caller<Staff>,
    Path(id): Path<TicketId>,
    IfMatch(version): IfMatch,
    ValidJson(body): ValidJson<SetStatus>,
) -> Result<Answer<Ticket>, Problem> {
    let whither = set_order_status::whither(&body)?.ok_or_else(|| {
        Problem::new(Class::Invalid, "unknown-status")
            .pointing("/status", "a ticket is completed by completing its order")
    })?;
    let boards = owner::boards(caller.principal());
    let moved = app.move_ticket(boards, id, Some(version), whither).await;
    let ticket = moved.map_err(super::stale_is_412)?;
    Ok(Answer::ok(wire::ticket(&ticket)).etag(ticket.version))
}

#[cfg(test)]
mod live {
    use common::types::StoreId;
    use serde_json::json;
    use sqlx::PgPool;
    use uuid::Uuid;

    use crate::bench::{Bench, CAFE};

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_ticket_takes_its_order_along_to_the_end(db: PgPool) {
        let bench = Bench::new(db).await;
        let id = bench.a_confirmed_order().await;
        let staff = bench.service.as_staff(CAFE);
        let board = staff.get(&format!("/v1/kitchen/tickets?store_id={CAFE}")).send().await;
        let ticket = board.is(200).json["tickets"][0].clone();
        assert_eq!(
            (ticket["state"].as_str(), ticket["version"].as_i64()),
            (Some("ACCEPTED"), Some(1))
        );
        let path = format!("/v1/kitchen/tickets/{}/status", ticket["ticket_id"].as_str().unwrap());

        staff.put(&path, json!({"status": "Preparing"})).if_match(1).send().await.is(200);
        let stale = staff.put(&path, json!({"status": "ready"})).if_match(1).send().await;
        stale.is_problem(412, "if-match-failed");
        staff
            .put(&path, json!({"status": "ready"}))
            .send()
            .await
            .is_problem(428, "if-match-required");
        staff.put(&path, json!({"status": "ready"})).if_match(2).send().await.is(200);
        assert_eq!(bench.state(id).await, "READY");

        let done =
            staff.put(&format!("/v1/orders/{id}/complete"), json!({})).if_match(7).send().await;
        done.is(200);
        bench.becomes(id, "COMPLETED").await;
        assert_eq!((bench.neighbours.asked("/ship"), bench.neighbours.asked("/capture")), (1, 1));
        let path = ["CONFIRMED", "PREPARING", "READY", "DELIVERED", "CAPTURING", "COMPLETED"];
        assert_eq!(bench.path(id).await[4..], path);
        let board = staff.get(&format!("/v1/kitchen/tickets?store_id={CAFE}")).send().await;
        assert_eq!(board.json["tickets"], json!([]));
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn staff_of_another_store_see_and_change_nothing(db: PgPool) {
        let bench = Bench::new(db).await;
        let id = bench.a_confirmed_order().await;
        let stranger = bench.service.as_staff(StoreId::from_uuid(Uuid::from_u128(77)));

        let board = stranger.get(&format!("/v1/kitchen/tickets?store_id={CAFE}")).send().await;
        board.is_problem(404, "no-such-store");
        stranger.get(&format!("/v1/orders/{id}")).send().await.is_problem(404, "no-such-order");
        let status = format!("/v1/orders/{id}/status");
        let moved = stranger.put(&status, json!({"status": "ready"})).if_match(5).send().await;
        moved.is_problem(404, "no-such-ticket");

        assert_eq!(bench.state(id).await, "CONFIRMED");
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_step_that_is_not_in_the_table_is_refused(db: PgPool) {
        let bench = Bench::new(db).await;
        let id = bench.a_confirmed_order().await;
        let staff = bench.service.as_staff(CAFE);
        let done =
            staff.put(&format!("/v1/orders/{id}/complete"), json!({})).if_match(5).send().await;

        done.is_problem(409, "illegal-transition");

        let forced = sqlx::query(
            "UPDATE orders SET state = 'DELIVERED', version = version + 1 WHERE order_id = $1",
        )
        .bind(id.as_uuid())
        .execute(&bench.db)
        .await;
        assert!(forced.unwrap_err().to_string().contains("may not become DELIVERED"));
    }
}
