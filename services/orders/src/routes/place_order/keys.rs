//! The table of RELIABILITY 7.4: what one key may do.

#[cfg(test)]
mod live {
    use std::time::{Duration, Instant};

    use serde_json::{Value, json};
    use sqlx::{
        PgPool,
        postgres::{PgConnectOptions, PgPoolOptions},
    };
    use uuid::Uuid;

    use crate::bench::{ANNA, BEN, Bench, CAFE, ESPRESSO, an_espresso};

    const KEY: &str = "a-key-of-the-tests-1";

    /// How many keys are known.
    async fn keys(bench: &Bench) -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM idempotency").fetch_one(&bench.db).await.unwrap()
    }

    async fn age(bench: &Bench, hours: i32) {
        sqlx::query("UPDATE idempotency SET created_at = now() - $1 * interval '1 h'")
            .bind(f64::from(hours))
            .execute(&bench.db)
            .await
            .unwrap();
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_key_that_is_missing_or_misshapen_is_400_and_changes_nothing(db: PgPool) {
        let bench = Bench::new(db).await;
        let anna = bench.service.as_customer(ANNA);

        let none = anna.post("/v1/orders", an_espresso("pm_approved")).send().await;
        none.is_problem(400, "no-idempotency-key");
        for key in
            ["too-short", "a key with blanks in it", &"x".repeat(65), "ünfit-for-a-key-of-ours"]
        {
            let odd = anna.post("/v1/orders", an_espresso("pm_approved")).key(key).send().await;
            odd.is_problem(400, "malformed-idempotency-key");
        }

        assert_eq!((bench.orders().await, keys(&bench).await), (0, 0));
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn the_quoted_form_of_a_key_is_the_same_key(db: PgPool) {
        let bench = Bench::new(db).await;
        let first = bench.place(KEY, "pm_approved").await;

        let quoted = bench.place(&format!("\"{KEY}\""), "pm_approved").await;

        assert_eq!((quoted.body, bench.orders().await), (first.body, 1));
    }

    /// A refusal is a decision: it is kept, and given again byte for byte.
    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn every_decision_is_replayed_in_the_same_bytes(db: PgPool) {
        let bench = Bench::new(db).await;
        let table = [
            ("a-key-that-confirms-", None, 201),
            ("a-key-that-declines-", Some(("/payments", 402, "payment-declined")), 402),
            ("a-key-that-sells-out", Some(("/reservations", 409, "out-of-stock")), 409),
        ];
        for (key, told, status) in table {
            if let Some((end, status, code)) = told {
                bench.neighbours.tell(end, status, code, 1);
            }
            let first = bench.place(key, "pm_approved").await;
            let again = bench.place(key, "pm_approved").await;

            assert_eq!((first.status, again.status), (status, status), "{key}");
            assert_eq!(again.body, first.body, "{key}");
            let replayed = [&first, &again].map(|answer| answer.header("idempotent-replayed"));
            assert_eq!(replayed, [None, Some("true")], "{key}");
            assert_eq!(again.header("location"), first.header("location"), "{key}");
        }
        assert_eq!(bench.orders().await, 3);
    }

    /// The deciding transition overwrites what was said while nothing was decided.
    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn an_answer_without_a_decision_is_replaced_by_the_decision(db: PgPool) {
        let bench = Bench::waiting(db, Duration::from_millis(50)).await;
        bench.neighbours.tell("/payments", 500, "panic", 3);

        let pending = bench.place(KEY, "pm_approved").await;

        pending.is(202);
        let id = pending.json["order_id"].as_str().unwrap().parse().unwrap();
        bench.becomes(id, "CONFIRMED").await;
        let decided = bench.place(KEY, "pm_approved").await;
        assert_eq!((decided.status, &decided.json["state"]), (201, &json!("CONFIRMED")));
        assert_eq!(bench.place(KEY, "pm_approved").await.body, decided.body);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn another_body_under_the_key_is_422_whatever_the_first_one_came_to(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.neighbours.tell("/payments", 402, "payment-declined", 1);
        bench.place(KEY, "pm_approved").await.is(402);

        let others = [
            an_espresso("pm_other"),
            json!({"store_id": CAFE, "fulfilment": "pickup", "payment_method_id": "pm_approved",
                   "lines": [{"item_id": ESPRESSO, "quantity": 2}]}),
        ];
        for other in others {
            bench.place_body(KEY, &other).await.is_problem(422, "key-reused");
        }
        // The same request in other words is the same request.
        let same = json!({"lines": [{"quantity": 1, "item_id": ESPRESSO, "options": []}], "tip_minor": 0,
                          "payment_method_id": "pm_approved", "fulfilment": "pickup", "store_id": CAFE});
        bench.place_body(KEY, &same).await.is_problem(402, "payment-declined");

        assert_eq!((bench.orders().await, keys(&bench).await), (1, 1));
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn the_same_key_of_somebody_else_is_another_key(db: PgPool) {
        let bench = Bench::new(db).await;
        let mine = bench.place(KEY, "pm_approved").await;
        let ben = bench.service.as_customer(BEN);

        let theirs = ben.post("/v1/orders", an_espresso("pm_other")).key(KEY).send().await;

        theirs.is(201);
        assert_ne!(theirs.json["order_id"], mine.json["order_id"]);
        assert_eq!((bench.orders().await, keys(&bench).await), (2, 2));
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn what_never_was_an_order_leaves_the_key_free(db: PgPool) {
        let bench = Bench::new(db).await;
        let unknown = json!({"store_id": CAFE, "fulfilment": "pickup", "payment_method_id": "pm_approved",
                             "lines": [{"item_id": Uuid::from_u128(99), "quantity": 1}]});
        bench.place_body(KEY, &unknown).await.is_problem(422, "unknown-item");

        bench.place(KEY, "pm_approved").await.is(201);
    }

    /// Two with one key at the same moment: the second waits for half a second, then says when to come again.
    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_twin_that_is_at_work_for_longer_than_half_a_second_is_409_with_a_time(
        options: PgPoolOptions,
        connect: PgConnectOptions,
    ) {
        let connect = connect.options([("lock_timeout", "500ms")]);
        let bench = Bench::new(options.connect_with(connect).await.unwrap()).await;
        let answer = bench.place(KEY, "pm_approved").await;
        let id: Uuid = answer.is(201).json["order_id"].as_str().unwrap().parse().unwrap();
        bench
            .becomes(answer.json["order_id"].as_str().unwrap().parse().unwrap(), "CONFIRMED")
            .await;
        let mut twin = twin_at_work(&bench, id).await;

        let began = Instant::now();
        let second = bench.place(KEY, "pm_approved").await;

        second.is_problem(409, "key-in-use");
        assert_eq!(second.header("retry-after"), Some("1"));
        let waited = began.elapsed();
        assert!((450..2_000).contains(&waited.as_millis()), "waited {waited:?}");
        sqlx::raw_sql("ROLLBACK").execute(&mut *twin).await.unwrap();
        bench.place(KEY, "pm_approved").await.is(201);
    }

    /// A transaction that has stored the order once more and hangs before its commit. What is stored is
    /// moved out of its way.
    async fn twin_at_work(bench: &Bench, id: Uuid) -> sqlx::pool::PoolConnection<sqlx::Postgres> {
        let rest = "DELETE FROM idempotency; DELETE FROM ticket; DELETE FROM saga_step;
                    DELETE FROM order_transition";
        sqlx::raw_sql(rest).execute(&bench.db).await.unwrap();
        let moved = "UPDATE orders SET order_id = gen_random_uuid() WHERE order_id = $1";
        sqlx::query(moved).bind(id).execute(&bench.db).await.unwrap();
        let mut twin = bench.db.acquire().await.unwrap();
        sqlx::raw_sql("BEGIN").execute(&mut *twin).await.unwrap();
        sqlx::query(
            "INSERT INTO orders (order_id, customer_id, store_id, cell, fulfilment, state, items,
                                 subtotal_minor, tax_minor, delivery_fee_minor, tip_minor, total_minor,
                                 currency, payment_method_id, body_sha, deadline_at, write_epoch)
             SELECT $1, customer_id, store_id, cell, fulfilment, 'RECEIVED', items, subtotal_minor, tax_minor,
                    delivery_fee_minor, tip_minor, total_minor, currency, payment_method_id, body_sha,
                    deadline_at, write_epoch
               FROM orders
              LIMIT 1",
        )
        .bind(id)
        .execute(&mut *twin)
        .await
        .unwrap();
        twin
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn with_the_keys_lost_one_key_still_is_one_order(db: PgPool) {
        let bench = Bench::new(db).await;
        let first = bench.place(KEY, "pm_approved").await;
        sqlx::query("DELETE FROM idempotency").execute(&bench.db).await.unwrap();

        let again = bench.place(KEY, "pm_approved").await;

        assert_eq!((again.status, again.header("idempotent-replayed")), (201, Some("true")));
        assert_eq!(again.json["order_id"], first.json["order_id"]);
        assert_eq!(bench.orders().await, 1);
        assert_eq!(bench.neighbours.asked("/v1/internal/payments"), 1);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn keys_are_kept_for_three_days_and_then_forgotten(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.place(KEY, "pm_approved").await.is(201);

        age(&bench, 71).await;
        bench.app.forget_old_keys().await.unwrap();
        assert_eq!(keys(&bench).await, 1);

        age(&bench, 73).await;
        bench.app.forget_old_keys().await.unwrap();
        assert_eq!(keys(&bench).await, 0);
        bench.place(KEY, "pm_approved").await.is(201);
        assert_eq!(bench.orders().await, 1);
    }

    /// The unknown is never kept: no 5xx is ever the answer under a key.
    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn only_decisions_are_kept(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.neighbours.tell("/reservations", 503, "overloaded", 2);
        let first = bench.place(KEY, "pm_approved").await;
        let id = first.json["order_id"].as_str().unwrap().parse().unwrap();
        bench.becomes(id, "CONFIRMED").await;

        let kept: Vec<(i16, Vec<u8>)> = sqlx::query_as("SELECT status, body FROM idempotency")
            .fetch_all(&bench.db)
            .await
            .unwrap();

        assert_eq!(kept.iter().map(|(status, _)| *status).collect::<Vec<_>>(), [201]);
        let body: Value = serde_json::from_slice(&kept[0].1).unwrap();
        assert_eq!(body["order_id"], first.json["order_id"]);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn twins_that_cancel_get_one_answer(db: PgPool) {
        let bench = Bench::new(db).await;
        let id = bench.a_confirmed_order().await;

        let twins = futures::future::join_all((0..4).map(|_| bench.cancel(id))).await;

        assert!(twins.iter().all(|answer| answer.status == 202));
        assert!(twins.iter().all(|answer| answer.body == twins[0].body));
        bench.becomes(id, "CANCELLED").await;
        assert_eq!(bench.neighbours.asked("/void"), 1);
    }
}
