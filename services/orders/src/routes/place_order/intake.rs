//! More orders than can be decided.

#[cfg(test)]
mod live {
    use std::{sync::Arc, time::Duration};

    use axum::{
        body::Body,
        http::{Method, Request, StatusCode},
        response::Response,
    };
    use common::types::{Principal, Role, SystemClock};
    use service_kit::{
        Intake, IntakeConfig, Limits, Stop,
        stack::{Parts, Stack},
        token::{TOKEN, Verifier, service_rules},
    };
    use sqlx::PgPool;
    use test_kit::TestKeys;
    use tokio_util::task::TaskTracker;

    use crate::{
        bench::{ANNA, Bench, an_espresso},
        routes,
    };

    /// The service of a bench behind a door for new orders.
    struct Door {
        stack: Stack,
        keys: TestKeys,
    }

    impl Door {
        /// One order at once, and so many undecided.
        fn before(bench: &Bench, undecided_max: usize) -> Self {
            let keys = TestKeys::new("orders");
            let config = IntakeConfig { intake_min: 1, intake_max: 1, undecided_max };
            let parts = Parts {
                tokens: Verifier::new(service_rules("orders"), &keys.public, Arc::new(SystemClock)),
                cursor_key: None,
                limits: Limits::default(),
                stop: Stop::new(),
                requests: TaskTracker::new(),
            };
            let plan = routes::plan(Intake::new(config, Duration::from_millis(800)));
            let router = routes::router().with_state(bench.app.clone()).into();
            Self { stack: Stack::planned(router, plan, parts).unwrap(), keys }
        }

        async fn ask(&self, method: Method, path: &str, key: &str) -> Response {
            let roles = vec![Role::Customer];
            let anna = Principal { id: ANNA.as_uuid(), roles, stores: Vec::new() };
            let token = self.keys.signer("gateway").token("orders", &anna).unwrap();
            let body = Body::from(an_espresso("pm_approved").to_string());
            let request = Request::builder().method(method).uri(path).header("host", "test");
            let request = request.header("idempotency-key", key).header(TOKEN, token);
            let request = request.header("content-type", "application/json").body(body).unwrap();
            self.stack.answer(request).await
        }

        async fn place(&self, key: &str) -> StatusCode {
            self.ask(Method::POST, "/v1/orders", key).await.status()
        }
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn orders_one_after_the_other_all_pass(db: PgPool) {
        let bench = Bench::new(db).await;
        let door = Door::before(&bench, 1);

        for number in 0..5 {
            assert_eq!(door.place(&format!("one-of-many-orders-{number}")).await, 201);
        }
        // A repetition passes, too, and so does what can not be ordered.
        assert_eq!(door.place("one-of-many-orders-4").await, 201);
        assert_eq!(door.place("short").await, 400);
        assert_eq!(door.place("one-of-many-orders-5").await, 201);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn while_a_neighbour_is_away_no_more_orders_are_begun_than_may_wait(db: PgPool) {
        let bench = Bench::waiting(db, Duration::from_millis(50)).await;
        let door = Door::before(&bench, 2);
        bench.neighbours.tell("/v1/internal/payments", 503, "overloaded", 10_000);
        for number in 0..2 {
            assert_eq!(door.place(&format!("one-of-many-orders-{number}")).await, 202);
            while bench.app.undecided.count() <= number {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }

        let refused = door.ask(Method::POST, "/v1/orders", "one-of-many-orders-2").await;

        assert_eq!(
            (refused.status(), &refused.headers()["x-ce-outcome"]),
            (StatusCode::SERVICE_UNAVAILABLE, &"none".parse().unwrap())
        );
        assert_eq!(bench.orders().await, 2);
        let looked = door.ask(Method::GET, "/v1/orders", "one-of-many-orders-3").await;
        assert_eq!(looked.status(), 200);

        bench.neighbours.tell("/v1/internal/payments", 200, "", 0);
        for _ in 0..400 {
            if door.place("one-of-many-orders-2").await != StatusCode::SERVICE_UNAVAILABLE {
                return;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("what was decided still counts");
    }
}
