//! Many at once: what is promised by the whole of the reservations, on a real database (INV-12, I3, I4).

mod live {
    use std::collections::BTreeMap;

    use common::types::ItemId;
    use futures::future::join_all;
    use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
    use serde_json::json;
    use sqlx::{Connection, PgConnection, PgPool};
    use wiremock::{Mock, MockServer, ResponseTemplate, matchers::path_regex};

    use crate::{
        bench::{BEANS, Bench, EAST, ESPRESSO, LATTE, MILK, item_body, of, order},
        clients::Orders,
    };

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn of_fifty_units_and_a_thousand_buyers_fifty_are_sold(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.a_cafe(EAST, "east-a").await;
        let bottle = of("cold-brew");
        bench.an_item(&item_body(EAST, bottle, "cold-brew")).await;
        bench.set_stock(EAST, bottle, 50).await.is(200);
        let twin = bench.twin().await;

        let buy = |n: u128| {
            let process = if n.is_multiple_of(2) { &bench } else { &twin };
            async move { until_decided(process, n, &[(bottle, 1)]).await }
        };
        let answers = join_all((1..=1_000).map(buy)).await;

        let mut seen: BTreeMap<u16, usize> = BTreeMap::new();
        for status in answers {
            *seen.entry(status).or_default() += 1;
        }
        assert_eq!(seen, BTreeMap::from([(200, 50), (409, 950)]));
        assert_eq!(bench.stock(EAST, bottle).await, (50, 50));
        assert_eq!(bench.told("stock_reserved").await.len(), 50);
        assert_eq!(bench.count("reservation").await, 50);
        bench.i3_holds().await;
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn drinks_that_share_their_beans_sell_exactly_what_is_there(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.a_cafe(EAST, "east-a").await;
        let twin = bench.twin().await;

        let buy = |n: u128| {
            let drink = if n % 4 < 2 { ESPRESSO } else { LATTE };
            let process = if n.is_multiple_of(2) { &bench } else { &twin };
            async move { (drink, until_decided(process, n, &[(drink, 1)]).await) }
        };
        let answers = join_all((1..=1_000).map(buy)).await;

        let sold = |drink| {
            i64::try_from(answers.iter().filter(|it| **it == (drink, 200)).count()).unwrap()
        };
        assert!(answers.iter().all(|(_, status)| [200, 409].contains(status)));
        // Whoever wanted an espresso last was refused because not even 9 g were left.
        assert_eq!(sold(LATTE) * 18 + sold(ESPRESSO) * 9, 900);
        assert_eq!(bench.stock(EAST, BEANS).await, (900, 900));
        assert_eq!(bench.stock(EAST, MILK).await, (20_000, sold(LATTE) * 220));
        bench.i3_holds().await;
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn whoever_comes_while_others_are_served_shares_a_commit(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.a_cafe(EAST, "east-a").await;
        let bottle = of("cold-brew");
        bench.an_item(&item_body(EAST, bottle, "cold-brew")).await;
        bench.set_stock(EAST, bottle, 320).await.is(200);

        let buy = async |buyer: u128| {
            for n in 1..=10 {
                assert_eq!(until_decided(&bench, buyer * 100 + n, &[(bottle, 1)]).await, 200);
            }
        };
        join_all((1..=32).map(buy)).await;

        assert_eq!(bench.stock(EAST, bottle).await, (320, 320));
        let commits = bench.commits_of("reservation").await;
        assert!(commits <= 80, "320 holds took {commits} commits");
    }

    /// Asks as somebody who waits: where nobody knows, again.
    async fn until_decided(bench: &Bench, n: u128, lines: &[(ItemId, u8)]) -> u16 {
        loop {
            let answer = bench.reserve(n, EAST, lines).await;
            match answer.status {
                409 => return answer.is_problem(409, "out-of-stock").status,
                500.. => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
                status => return status,
            }
        }
    }

    /// Backends die under the hands of those who buy; whoever got no decision asks again.
    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn whatever_is_killed_every_promise_is_kept_and_none_is_made_twice(db: PgPool) {
        let bench = Bench::new(db.clone()).await;
        bench.a_cafe(EAST, "east-a").await;
        let (bottle, cup) = (of("cold-brew"), of("cup"));
        for (item, slug, units) in [(bottle, "cold-brew", 60), (cup, "cup", 90)] {
            bench.an_item(&item_body(EAST, item, slug)).await;
            bench.set_stock(EAST, item, units).await.is(200);
        }
        let twin = bench.twin().await;

        let buy = |n: u128| {
            let process = if n.is_multiple_of(2) { &bench } else { &twin };
            async move { until_decided(process, n, &[(cup, 1), (bottle, 1)]).await }
        };
        // On a connection of its own: the others are all wanted.
        let mut killer = PgConnection::connect_with(&db.connect_options()).await.unwrap();
        let kill = async {
            let mut killed = 0_i64;
            for _ in 0..60 {
                killed += sqlx::query_scalar::<_, i64>(KILL).fetch_one(&mut killer).await.unwrap();
                if killed == 12 {
                    break;
                }
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
            killed
        };
        let (answers, killed) = futures::future::join(join_all((1..=300).map(buy)), kill).await;

        assert!(killed > 0, "nobody was hit");
        assert_eq!(answers.iter().filter(|status| **status == 200).count(), 60);
        assert_eq!(answers.iter().filter(|status| **status == 409).count(), 240);
        assert_eq!(bench.stock(EAST, bottle).await, (60, 60));
        assert_eq!(bench.stock(EAST, cup).await, (90, 60), "all lines or none");
        assert_eq!(bench.told("stock_reserved").await.len(), 60);
        assert_eq!(bench.count("reservation").await, 60);
        bench.i3_holds().await;
    }

    const KILL: &str = "
        SELECT count(*)
          FROM (SELECT pg_terminate_backend(pid)
                  FROM pg_stat_activity
                 WHERE datname = current_database() AND pid <> pg_backend_pid()
                   AND backend_type = 'client backend' AND xact_start IS NOT NULL
                 LIMIT 1) killed";

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn twins_of_one_order_hold_it_once(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.a_cafe(EAST, "east-a").await;
        let twin = bench.twin().await;

        let ask = |n: u128| {
            let process = if n.is_multiple_of(2) { &bench } else { &twin };
            // Every second twin wants something else, as a caller with a bug does.
            let line = if n % 4 < 2 { (ESPRESSO, 1) } else { (LATTE, 2) };
            async move { process.reserve(1, EAST, &[line]).await.status }
        };
        let answers = join_all((0..24).map(ask)).await;

        assert_eq!(answers, vec![200; 24]);
        assert_eq!(bench.count("reservation").await, 1);
        assert_eq!(bench.told("stock_reserved").await.len(), 1);
        bench.i3_holds().await;
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn whatever_comes_when_the_sums_are_right(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.a_cafe(EAST, "east-a").await;
        let twin = bench.twin().await;
        let orders = silent_about_one_in_three().await;
        let mut runner = TestRunner::deterministic();
        let act = (0_u128..14, 0_usize..11, 1_u8..6, any::<bool>());
        let acts = prop::collection::vec(act, 40);

        for _ in 0..8 {
            let acts = acts.new_tree(&mut runner).unwrap().current();
            let done = acts.into_iter().map(|(n, verb, quantity, here)| {
                let process = if here { &bench } else { &twin };
                async move {
                    match verb {
                        0..=2 => {
                            process.reserve(n, EAST, &[(LATTE, quantity), (ESPRESSO, 1)]).await
                        }
                        3 => process.reserve(n, EAST, &[(ESPRESSO, quantity)]).await,
                        4 => process.step(n, "confirm").await,
                        5 => process.step(n, "ship").await,
                        6 => process.set_stock(EAST, BEANS, 500 + i64::from(quantity)).await,
                        7 => process.reserve_for_cart(n, EAST, &[(LATTE, quantity)]).await,
                        _ => process.step(n, "release").await,
                    }
                }
            });
            // Holds lapse, and are asked about, while all of this goes on.
            bench.later(500);
            let sweeps = [&bench, &twin].map(|process| {
                let app = process.app();
                let orders = &orders.1;
                async move { app.release_expired(orders).await.unwrap() }
            });
            let (answers, _) = futures::future::join(join_all(done), join_all(sweeps)).await;
            for answer in answers {
                assert!(answer.status < 500, "{}", answer.text());
            }
            bench.i3_holds().await;
        }
        let holes = "SELECT count(*) FROM (SELECT seq, row_number() OVER (PARTITION BY order_id ORDER BY seq) AS n
                       FROM reservation_transition) t WHERE seq <> n";
        let holes: i64 = sqlx::query_scalar(holes).fetch_one(&bench.db).await.unwrap();
        assert_eq!(holes, 0);
    }

    /// An orders service that says of some orders that they ended, of others that they live, and nothing
    /// of the rest.
    async fn silent_about_one_in_three() -> (MockServer, Orders) {
        let server = MockServer::start().await;
        let ended = json!({"order_id": order(1), "state": "CANCELLED", "holds_stock": false});
        let lives = json!({"order_id": order(1), "state": "CONFIRMED", "holds_stock": true});
        for (digits, status, body) in
            [("[0-4]", 200, ended), ("[5-9]", 200, lives), ("[a-f]", 503, json!({"code": "shed"}))]
        {
            let answer = ResponseTemplate::new(status).set_body_json(body);
            let of_these = path_regex(format!("{digits}/standing$"));
            Mock::given(of_these).respond_with(answer).mount(&server).await;
        }
        let orders = Orders::new(test_kit::client(&server.uri(), "orders"));
        (server, orders)
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn orders_with_the_same_items_the_other_way_round_do_not_lock_each_other_out(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.a_cafe(EAST, "east-a").await;
        let twin = bench.twin().await;
        let (one, other) = (of("one"), of("other"));
        for (item, slug) in [(one, "one"), (other, "other")] {
            bench.an_item(&item_body(EAST, item, slug)).await;
            bench.set_stock(EAST, item, 1_000).await.is(200);
        }

        let ask = |n: u128| {
            let (process, lines) = if n.is_multiple_of(2) {
                (&bench, [(one, 1), (other, 1)])
            } else {
                (&twin, [(other, 1), (one, 1)])
            };
            async move {
                process.reserve(n, EAST, &lines).await.is(200);
                process.step(n, if n.is_multiple_of(3) { "ship" } else { "release" }).await.is(200);
            }
        };
        join_all((1..=60).map(ask)).await;

        assert_eq!(bench.stock(EAST, one).await, (980, 0));
        bench.i3_holds().await;
    }
}
