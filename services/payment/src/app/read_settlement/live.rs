//! Files of a provider whose clock and ours stand where a test puts them.

use common::types::{Clock, Currency};
use jiff::SignedDuration;
use serde_json::json;
use sqlx::PgPool;
use test_kit::FixedClock;

use crate::{
    bench::{Bench, ORDER, asking, asking_for},
    domain::{SettledKind, SettledRow},
    store::settlements::{
        claim, count, end_of_page, extend, finish, keep, postpone, release, restart,
    },
};

const OURS: &str = "sandbox";
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// An order of the first of June was paid, and some of it given back.
async fn paid(db: PgPool, clock: &FixedClock) -> Bench {
    let bench = Bench::at(db, clock).await;
    bench.authorize(&asking("pm_approved", 1250)).await.is(200);
    bench.capture(1000).await.is(200);
    bench.refund(300, "key-of-refund-01").await.is(202);
    bench.settle_refunds().await;
    bench
}

#[sqlx::test(migrator = "crate::MIGRATIONS")]
async fn a_file_that_agrees_with_the_books_is_read_once_and_opens_nothing(db: PgPool) {
    let clock = FixedClock::default();
    let bench = paid(db, &clock).await;
    clock.advance(SignedDuration::from_hours(14));
    bench.read_files().await;
    assert_eq!(bench.files().await, ["2026-05-31 0"], "at 2 it is too early");

    clock.advance(SignedDuration::from_hours(2));
    for _ in 0..2 {
        bench.read_files().await;
        assert_eq!(bench.files().await, ["2026-05-31 0", "2026-06-01 3"]);
    }

    bench.has_breaks(&[]).await;
}

#[sqlx::test(migrator = "crate::MIGRATIONS")]
async fn parts_and_the_rest_that_was_let_go_stand_in_file_and_books_alike(db: PgPool) {
    let clock = FixedClock::default();
    let bench = Bench::at(db, &clock).await;
    bench.authorize(&asking_for("multiple", 1250)).await.is(200);
    bench.capture_part(1, 400, false).await.is(200);
    bench.capture_part(2, 300, false).await.is(200);
    bench.capture_part(3, 0, true).await.is(200);

    clock.advance(DAY);
    bench.read_files().await;

    assert_eq!(bench.files().await, ["2026-06-01 4"]);
    bench.has_breaks(&[]).await;
}

#[sqlx::test(migrator = "crate::MIGRATIONS")]
async fn what_only_one_side_knows_or_knows_otherwise_is_a_break_of_its_kind(db: PgPool) {
    let clock = FixedClock::default();
    let bench = Bench::at(db, &clock).await;
    bench.authorize(&asking("pm_approved", 1250)).await.is(200);
    bench.provider_authorizes("somebody-elses-key", 7).await;
    let capture = format!("{ORDER}:capture:1");
    bench.provider_does("captures", &capture, &json!({ "amount_minor": 700 })).await;
    let noon = clock.now();
    bench.books(noon, "capture:1", "receivable", 600).await;
    bench.books(noon, "void:9", "hold", -5).await;

    clock.advance(DAY);
    for _ in 0..2 {
        bench.read_files().await;
    }

    bench
        .has_breaks(&[
            &format!("amount-differs {capture}"),
            "missing-here somebody-elses-key",
            &format!("missing-there {ORDER}:void:9"),
        ])
        .await;
    let told =
        ["authorized", "reconciliation_break", "reconciliation_break", "reconciliation_break"];
    bench.has_told(&told).await;
    let list = bench.operator().get("/v1/reconciliation/breaks").send().await;
    assert!(
        list.json["breaks"].as_array().unwrap().iter().all(|it| it["file_day"] == "2026-06-01")
    );
}

#[sqlx::test(migrator = "crate::MIGRATIONS")]
async fn a_break_heals_when_the_books_or_the_next_file_catch_up(db: PgPool) {
    let clock = FixedClock::default();
    let bench = Bench::at(db, &clock).await;
    bench.authorize(&asking("pm_approved", 1250)).await.is(200);
    let noon = clock.now();
    let (early, late) = (format!("{ORDER}:capture:1"), format!("{ORDER}:refund:1"));
    bench.provider_does("captures", &early, &json!({ "amount_minor": 700 })).await;
    bench.books(noon, "refund:1", "payable", -200).await;
    clock.advance(DAY);
    bench.provider_does("refunds", &late, &json!({ "amount_minor": 200 })).await;
    bench.read_files().await;
    let open = [format!("missing-here {early}"), format!("missing-there {late}")];
    bench.has_breaks(&[&open[0], &open[1]]).await;

    bench.books(noon, "capture:1", "receivable", 700).await;
    bench.read_files().await;
    bench.has_breaks(&[&open[1]]).await;
    clock.advance(DAY);
    bench.read_files().await;

    bench.has_breaks(&[]).await;
    assert_eq!(bench.healed().await, open);
}

#[sqlx::test(migrator = "crate::MIGRATIONS")]
async fn what_is_booked_at_the_end_of_a_day_may_stand_in_the_next_days_file(db: PgPool) {
    let clock = FixedClock::default();
    let bench = Bench::at(db, &clock).await;
    bench.authorize(&asking("pm_approved", 1250)).await.is(200);
    let noon = clock.now();
    bench.books(noon + SignedDuration::from_mins(715), "void:8", "hold", -5).await;

    clock.advance(DAY);
    bench.read_files().await;
    bench.has_breaks(&[]).await;
    clock.advance(DAY);
    bench.read_files().await;

    bench.has_breaks(&[&format!("missing-there {ORDER}:void:8")]).await;
}

#[sqlx::test(migrator = "crate::MIGRATIONS")]
async fn a_file_that_stays_away_is_told_to_a_person_and_heals_when_it_comes(db: PgPool) {
    let clock = FixedClock::default();
    let theirs = FixedClock::default();
    let bench = Bench::beside(db, &clock, &theirs).await;
    clock.advance(DAY);
    bench.read_files().await;
    assert_eq!(bench.files().await, [""; 0]);
    bench.has_breaks(&[]).await;

    clock.advance(DAY);
    bench.read_files().await;
    bench.has_breaks(&["file-missing settlement:2026-06-01"]).await;
    theirs.advance(DAY + DAY);
    clock.advance(SignedDuration::from_hours(1));
    bench.read_files().await;

    bench.has_breaks(&[]).await;
    assert_eq!(bench.files().await, ["2026-06-01 0", "2026-06-02 0"]);
}

#[sqlx::test(migrator = "crate::MIGRATIONS")]
async fn a_file_that_never_comes_holds_up_none_of_the_days_after_it(db: PgPool) {
    let clock = FixedClock::default();
    let bench = Bench::at(db.clone(), &clock).await;
    let away = "INSERT INTO settlement_file (provider, day, asked_again_at)
                VALUES ('sandbox', '2026-06-01', '2026-06-03 13:00Z')";
    sqlx::query(away).execute(&db).await.unwrap();

    clock.advance(DAY + DAY);
    bench.read_files().await;
    assert_eq!(bench.files().await, ["2026-06-02 0"]);
    clock.advance(SignedDuration::from_hours(2));
    bench.read_files().await;

    assert_eq!(bench.files().await, ["2026-06-01 0", "2026-06-02 0"]);
}

#[sqlx::test(migrator = "crate::MIGRATIONS")]
async fn a_file_is_walked_to_its_end_however_much_of_it_agrees(db: PgPool) {
    let (now, day) = (FixedClock::default().now(), "2026-05-31".parse().unwrap());
    let mut db = db.acquire().await.unwrap();
    let claimed = claim(&mut db, OURS, day, now).await.unwrap().unwrap();
    assert!(keep(&mut db, OURS, &claimed, &["1", "2", "3"].map(line), 70).await.unwrap());

    let mut ends = Vec::new();
    let mut after = String::new();
    while let Some(end) = end_of_page(&mut db, OURS, day, &after, 2).await.unwrap() {
        ends.push(end.clone());
        after = end;
    }

    assert_eq!(ends, ["2", "3"]);
    assert_eq!(restart(&mut db, OURS, &claimed).await.unwrap(), 3);
    assert_eq!(restart(&mut db, OURS, &claimed).await.unwrap(), 0);
}

#[sqlx::test(migrator = "crate::MIGRATIONS")]
async fn who_lost_the_lease_of_a_file_does_no_more_to_it(db: PgPool) {
    let (now, day) = (FixedClock::default().now(), "2026-05-31".parse().unwrap());
    let mut db = db.acquire().await.unwrap();
    let slow = claim(&mut db, OURS, day, now).await.unwrap().unwrap();
    assert!(claim(&mut db, OURS, day, now).await.unwrap().is_none());
    let late = "UPDATE settlement_file SET lease_until = now() - interval '1 s'";
    sqlx::query(late).execute(&mut *db).await.unwrap();
    let quick = claim(&mut db, OURS, day, now).await.unwrap().unwrap();
    assert!(keep(&mut db, OURS, &quick, &[line("1")], 70).await.unwrap());

    assert!(!keep(&mut db, OURS, &slow, &[line("2")], 10).await.unwrap());
    assert!(!extend(&mut db, OURS, &slow).await.unwrap());
    assert!(!finish(&mut db, OURS, &slow).await.unwrap());
    assert_eq!(restart(&mut db, OURS, &slow).await.unwrap(), 0);
    assert!(!postpone(&mut db, OURS, &slow, now).await.unwrap());
    release(&mut db, OURS, &slow).await.unwrap();

    assert_eq!(count(&mut db, OURS, day).await.unwrap(), 1);
    assert!(claim(&mut db, OURS, day, now).await.unwrap().is_none());
    assert!(finish(&mut db, OURS, &quick).await.unwrap());
}

fn line(key: &str) -> SettledRow {
    SettledRow {
        key: key.to_owned(),
        kind: SettledKind::Charge,
        amount_minor: 7,
        currency: Currency::USD,
    }
}
