//! Many at once: what is promised by the whole of the reservations, on a real database (INV-12, I3, I4).

mod live {
    use std::collections::BTreeMap;

    use futures::future::join_all;
    use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
    use sqlx::PgPool;

    use crate::bench::{BEANS, Bench, EAST, ESPRESSO, LATTE, MILK, item_body, of};

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn of_fifty_units_and_two_hundred_buyers_fifty_are_sold(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.a_cafe(EAST, "east-a").await;
        let bottle = of("cold-brew");
        bench.an_item(&item_body(EAST, bottle, "cold-brew")).await;
        bench.set_stock(EAST, bottle, 50).await.is(200);
        let twin = bench.twin().await;

        let buy = |n: u128| {
            let process = if n.is_multiple_of(2) { &bench } else { &twin };
            async move { process.reserve(n, EAST, &[(bottle, 1)]).await }
        };
        let answers = join_all((1..=200).map(buy)).await;

        let mut seen: BTreeMap<u16, usize> = BTreeMap::new();
        for answer in &answers {
            *seen.entry(answer.status).or_default() += 1;
        }
        assert_eq!(seen, BTreeMap::from([(200, 50), (409, 150)]));
        assert_eq!(bench.stock(EAST, bottle).await, (50, 50));
        assert_eq!(bench.told("stock_reserved").await.len(), 50);
        assert_eq!(bench.count("reservation").await, 50);
        bench.i3_holds().await;
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn drinks_that_share_their_beans_never_sell_more_than_there_are(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.a_cafe(EAST, "east-a").await;

        let buy = |n: u128| {
            let drink = if n.is_multiple_of(2) { ESPRESSO } else { LATTE };
            let bench = &bench;
            async move { bench.reserve(n, EAST, &[(drink, 1)]).await.status }
        };
        let sold = join_all((1..=150).map(buy)).await;

        let (on_hand, reserved) = bench.stock(EAST, BEANS).await;
        let lattes = bench.stock(EAST, MILK).await.1 / 220;
        let espressi =
            i64::try_from(sold.iter().filter(|status| **status == 200).count()).unwrap() - lattes;
        assert_eq!(reserved, lattes * 18 + espressi * 9);
        assert!(on_hand - reserved < 18, "{reserved} of {on_hand}");
        bench.i3_holds().await;
    }

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
        let mut runner = TestRunner::deterministic();
        let act = (0_u128..14, 0_usize..9, 1_u8..6, any::<bool>());
        let acts = prop::collection::vec(act, 40);

        for _ in 0..6 {
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
                        _ => process.step(n, "release").await,
                    }
                }
            });
            for answer in join_all(done).await {
                assert!(answer.status < 500, "{}", answer.text());
            }
            bench.i3_holds().await;
        }
        let holes = "SELECT count(*) FROM (SELECT seq, row_number() OVER (PARTITION BY order_id ORDER BY seq) AS n
                       FROM reservation_transition) t WHERE seq <> n";
        let holes: i64 = sqlx::query_scalar(holes).fetch_one(&bench.db).await.unwrap();
        assert_eq!(holes, 0);
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
