//! The stories.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use common::types::{Cell, OrderId};
use futures::future::join_all;
use opentelemetry::trace::TracerProvider;
use tracing::Instrument;
use tracing_subscriber::layer::SubscriberExt;
use uuid::Uuid;

use super::rig::{
    Baked, Cooled, HearError, LEASE, PATIENCE, Rig, SILENCE_MAX, SOURCE, Shelf, Sold, baked, loaf,
    new_id, until,
};
use crate::{
    Consumer, Delivery, Headers, Heard, Listeners, LogError, Mark, Record, dead_letters, outbox,
    partition_of, topic_of, trace,
};

pub(super) async fn events_of_a_key_are_applied_in_their_order_and_once(rig: &Rig) {
    let (_relay, _deliver) = (rig.relay(), rig.deliver());
    let loaves: Vec<String> = (0..8).map(|_| loaf()).collect();

    join_all(loaves.iter().map(async |loaf| tell_numbers(rig, loaf, 1..=20).await)).await;

    for loaf in &loaves {
        has_numbers(rig, loaf, 20).await;
    }
}

pub(super) async fn nothing_is_lost_or_doubled_when_both_ends_die_again_and_again(rig: &Rig) {
    let loaves: Vec<String> = (0..6).map(|_| loaf()).collect();
    let telling = join_all(loaves.iter().map(async |loaf| {
        for n in 1..=30 {
            rig.tell(&baked(loaf, &n)).await;
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }));
    let dying = async {
        for _ in 0..5 {
            let (relay, deliver) = (rig.relay(), rig.deliver());
            let before = applied(rig).await;
            let began = Instant::now();
            while applied(rig).await < before + 10 && began.elapsed() < Duration::from_secs(8) {
                tokio::time::sleep(Duration::from_millis(3)).await;
            }
            relay.kill().await;
            deliver.kill().await;
        }
    };
    futures::future::join(telling, dying).await;

    let (_relay, _deliver) = (rig.relay(), rig.deliver());
    for loaf in &loaves {
        has_numbers(rig, loaf, 30).await;
        // A log that is slow and without order may have had an event parked; it settles by itself.
        rig.letters_are(loaf, &[]).await;
    }
}

pub(super) async fn a_fact_that_is_committed_late_is_told_late(rig: &Rig) {
    let (_relay, _deliver) = (rig.relay(), rig.deliver());
    let (slow, quick) = (loaf(), loaf());
    let mut late = rig.db.begin().await.unwrap();
    outbox::stage(&mut late, &baked(&slow, "1")).await.unwrap();

    for n in 1..=10 {
        tell_numbers(rig, &quick, n..=n).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    has_numbers(rig, &quick, 10).await;
    rig.all_told().await;
    assert_eq!(rig.on_shelf(&slow).await, []);
    late.commit().await.unwrap();

    has_numbers(rig, &slow, 1).await;
}

pub(super) async fn what_is_undone_is_never_told(rig: &Rig) {
    let (_relay, _deliver) = (rig.relay(), rig.deliver());
    let loaf = loaf();
    tell_numbers(rig, &loaf, 1..=1).await;
    let mut undone = rig.db.begin().await.unwrap();
    outbox::stage(&mut undone, &baked(&loaf, "undone")).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    undone.rollback().await;

    tell_numbers(rig, &loaf, 2..=3).await;

    has_numbers(rig, &loaf, 3).await;
}

pub(super) async fn a_copy_of_an_event_changes_nothing(rig: &Rig) {
    let (_relay, _deliver) = (rig.relay(), rig.deliver());
    let loaf = loaf();
    tell_numbers(rig, &loaf, 1..=5).await;
    has_numbers(rig, &loaf, 5).await;

    rig.forget_telling("true").await;
    rig.all_told().await;
    tell_numbers(rig, &loaf, 6..=6).await;

    has_numbers(rig, &loaf, 6).await;
    let inbox = "SELECT count(1) FROM inbox JOIN outbox USING (event_id) WHERE consumer = $1";
    let inbox = sqlx::query_scalar::<_, i64>(inbox).bind(rig.consumer);
    assert_eq!(inbox.fetch_one(rig.db.pool()).await.unwrap(), 6);
}

pub(super) async fn the_envelope_arrives_as_it_left(rig: &Rig) {
    let tracer = opentelemetry_sdk::trace::SdkTracerProvider::builder().build().tracer("suite");
    let layer = tracing_opentelemetry::layer().with_tracer(tracer);
    let _traced = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));
    let span = tracing::info_span!("sell");
    let parent = span.in_scope(trace::parent_of_current_span).expect("a trace");
    let (order, cause) = (OrderId::from_uuid(new_id()), new_id());
    let cell = Cell::parse("east-a").unwrap();
    let sold = Sold { loaf: loaf(), order_id: order, cell };
    let consumer = reader(rig).await;

    trace::caused_by(cause, rig.tell(&sold)).instrument(span).await;
    let _relay = rig.relay();

    let (_consumer, found) = read_until(consumer, &sold.loaf, 1).await;
    let Record { headers, body, id, .. } = &found[0].record;
    let (id, order, cause) = (id.to_string(), order.to_string(), cause.to_string());
    let time = headers.get("ce_time").expect("a time");
    let expected = [
        ("ce_aggregateseq", "1"),
        ("ce_causationid", &cause),
        ("ce_cell", "east-a"),
        ("ce_correlationid", &order),
        ("ce_epoch", "0"),
        ("ce_id", &id),
        ("ce_originregion", "eu-west-1"),
        ("ce_partitionkey", &sold.loaf),
        ("ce_source", "/cloudeats/eu-west-1/bakery"),
        ("ce_specversion", "1.0"),
        ("ce_subject", &sold.loaf),
        ("ce_time", time),
        ("ce_traceparent", &parent),
        ("ce_type", "com.cloudeats.bakery.sold.v1"),
        ("content-type", "application/json"),
    ];
    let headers: Vec<_> = headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    assert_eq!(headers, expected);
    assert_eq!(serde_json::from_slice::<Sold>(body).unwrap(), sold);
}

pub(super) async fn a_fact_beyond_64_kb_is_refused_at_the_outbox(rig: &Rig) {
    let mut tx = rig.db.begin().await.unwrap();

    let fault = outbox::stage(&mut tx, &baked(&loaf(), &"x".repeat(65_536))).await.unwrap_err();

    assert_eq!(fault.constraint(), Some("outbox_payload_size"));
}

pub(super) async fn an_unreadable_event_becomes_a_dead_letter_and_its_key_goes_on(rig: &Rig) {
    let loaf = loaf();
    tell_numbers(rig, &loaf, 1..=3).await;
    let spoil = "UPDATE outbox SET payload = '{\"not\": \"it\"}' WHERE key = $1 AND seq = 2";
    sqlx::query(spoil).bind(&loaf).execute(rig.db.pool()).await.unwrap();
    let (topic, part, key) = (topic_of(SOURCE), partition_of(&loaf), loaf.clone());
    let (headers, body) = (Headers::new(), b"what is this".to_vec());
    let stray = [Record { topic, part, id: new_id(), key, headers, body }];
    rig.log.backend.publish(&stray).await.unwrap().remove(0).unwrap();

    let (_relay, _deliver) = (rig.relay(), rig.deliver());

    rig.shelf_holds(&loaf, &[(1, "1"), (3, "3")]).await;
    rig.letters_are(&loaf, &[(0, "unreadable-envelope"), (2, "undecodable-event")]).await;
    let mut db = rig.db.acquire().await.unwrap();
    let letters = dead_letters::list(&mut db, "2999-01-01T00:00:00Z".parse().unwrap(), 100).await;
    let kept = letters.unwrap().into_iter().map(|letter| String::from_utf8(letter.body).unwrap());
    // A log may carry JSON with other blanks.
    let kept: BTreeSet<String> = kept.map(|body| body.replace("\": \"", "\":\"")).collect();
    assert!(kept.contains("what is this") && kept.contains(r#"{"not":"it"}"#), "{kept:?}");
}

pub(super) async fn a_passing_fault_is_tried_again_and_a_lasting_one_becomes_a_dead_letter(
    rig: &Rig,
) {
    let loaf = loaf();
    rig.shelf.refuse_for(&loaf, "2", 4);
    rig.shelf.refuse_for(&loaf, "3", 1_000);
    rig.shelf.refuse_for(&loaf, "5", -1);
    tell_numbers(rig, &loaf, 1..=6).await;

    let (_relay, _deliver) = (rig.relay(), rig.deliver());

    rig.shelf_holds(&loaf, &[(1, "1"), (2, "2"), (4, "4"), (6, "6")]).await;
    rig.letters_are(&loaf, &[(3, "shelf-full"), (5, "unwanted")]).await;
    let called = rig.shelf.called.lock().unwrap().clone();
    let times = |note| called.iter().filter(|called| **called == baked(&loaf, note)).count();
    assert_eq!([times("2"), times("3"), times("5")], [5, 5, 1]);
}

pub(super) async fn a_panic_is_a_dead_letter(rig: &Rig) {
    let loaf = loaf();
    rig.tell(&baked(&loaf, "panic")).await;
    rig.tell(&baked(&loaf, "calm")).await;

    let (_relay, _deliver) = (rig.relay(), rig.deliver());

    rig.shelf_holds(&loaf, &[(2, "calm")]).await;
    rig.letters_are(&loaf, &[(1, "panic")]).await;
}

pub(super) async fn a_redriven_letter_is_applied_once(rig: &Rig) {
    let loaf = loaf();
    rig.shelf.refuse_for(&loaf, "1", -1);
    tell_numbers(rig, &loaf, 1..=2).await;
    let (_relay, _deliver) = (rig.relay(), rig.deliver());
    rig.letters_are(&loaf, &[(1, "unwanted")]).await;
    let mut db = rig.db.acquire().await.unwrap();
    let letter = "SELECT id FROM dead_letter WHERE key = $1";
    let letter = sqlx::query_scalar(letter).bind(&loaf).fetch_one(&mut *db).await.unwrap();

    assert_eq!(dead_letters::redrive(&mut db, &[letter]).await.unwrap(), 1);
    until(async || {
        let back = "SELECT redriven_at IS NULL AND attempts = 1 FROM dead_letter WHERE id = $1";
        sqlx::query_scalar(back).bind(letter).fetch_one(rig.db.pool()).await.unwrap()
    })
    .await;

    rig.shelf.refused.lock().unwrap().clear();
    assert_eq!(dead_letters::redrive(&mut db, &[letter, letter]).await.unwrap(), 1);
    rig.shelf_holds(&loaf, &[(2, "2"), (1, "1")]).await;
    rig.letters_are(&loaf, &[]).await;

    assert_eq!(dead_letters::redrive(&mut db, &[letter]).await.unwrap(), 0);
    tell_numbers(rig, &loaf, 3..=3).await;
    rig.shelf_holds(&loaf, &[(2, "2"), (1, "1"), (3, "3")]).await;
}

pub(super) async fn an_early_event_waits_for_the_one_before_it(rig: &Rig) {
    let (loaf, other) = (loaf(), loaf());
    hold_back_the_second(rig, &loaf, 1..=3).await;
    tell_numbers(rig, &other, 1..=3).await;
    let (_relay, _deliver) = (rig.relay(), rig.deliver_patiently());

    has_numbers(rig, &other, 3).await;
    rig.shelf_holds(&loaf, &[(1, "1")]).await;
    rig.forget_telling(&format!("key = '{loaf}' AND seq = 2")).await;

    has_numbers(rig, &loaf, 3).await;
    let letters = "SELECT count(1) FROM dead_letter WHERE key = $1";
    let letters = sqlx::query_scalar::<_, i64>(letters).bind(&loaf);
    assert_eq!(letters.fetch_one(rig.db.pool()).await.unwrap(), 0);
}

pub(super) async fn an_event_that_stays_early_is_parked_and_applied_when_its_gap_is_filled(
    rig: &Rig,
) {
    let (loaf, other) = (loaf(), loaf());
    hold_back_the_second(rig, &loaf, 1..=4).await;
    let (_relay, _deliver) = (rig.relay(), rig.deliver());
    rig.letters_are(&loaf, &[(3, "event-too-early"), (4, "event-too-early")]).await;

    tell_numbers(rig, &other, 1..=3).await;
    has_numbers(rig, &other, 3).await;
    rig.shelf_holds(&loaf, &[(1, "1")]).await;
    rig.forget_telling(&format!("key = '{loaf}' AND seq = 2")).await;

    has_numbers(rig, &loaf, 4).await;
    tell_numbers(rig, &loaf, 5..=5).await;
    has_numbers(rig, &loaf, 5).await;
    rig.letters_are(&loaf, &[]).await;
}

pub(super) async fn events_that_come_in_any_order_are_applied_in_theirs(rig: &Rig) {
    let loaf = loaf();
    let told = async |condition: &str| {
        rig.forget_telling(condition).await;
        rig.all_told().await;
    };
    tell_numbers(rig, &loaf, 1..=6).await;
    sqlx::query("UPDATE outbox SET published_at = now()").execute(rig.db.pool()).await.unwrap();
    let (_relay, _deliver) = (rig.relay(), rig.deliver_patiently());

    for seq in [5, 6, 2, 4, 1, 3] {
        told(&format!("key = '{loaf}' AND seq = {seq}")).await;
    }

    has_numbers(rig, &loaf, 6).await;
}

pub(super) async fn what_never_comes_is_taken_from_its_owner(rig: &Rig) {
    let (loaf, other) = (loaf(), loaf());
    hold_back_the_second(rig, &loaf, 1..=4).await;
    tell_numbers(rig, &other, 1..=3).await;
    let (_relay, _deliver) = (rig.relay(), rig.deliver_restocking());

    rig.shelf_holds(&loaf, &[(1, "1"), (4, "restocked")]).await;
    rig.letters_are(&loaf, &[]).await;
    tell_numbers(rig, &loaf, 5..=5).await;
    rig.forget_telling(&format!("key = '{loaf}' AND seq = 2")).await;
    rig.all_told().await;
    tell_numbers(rig, &loaf, 6..=6).await;

    let expected = [(1, "1"), (4, "restocked"), (5, "5"), (6, "6")];
    rig.shelf_holds(&loaf, &expected).await;
    has_numbers(rig, &other, 3).await;
}

pub(super) async fn an_owner_that_does_not_answer_is_asked_again(rig: &Rig) {
    let loaf = loaf();
    *rig.shelf.away.lock().unwrap() = 3;
    hold_back_the_second(rig, &loaf, 1..=3).await;
    let (_relay, _deliver) = (rig.relay(), rig.deliver_restocking());

    rig.shelf_holds(&loaf, &[(1, "1"), (3, "restocked")]).await;

    assert_eq!(*rig.shelf.away.lock().unwrap(), 0);
    rig.letters_are(&loaf, &[]).await;
}

pub(super) async fn a_history_that_was_replaced_is_taken_from_its_owner(rig: &Rig) {
    let loaf = loaf();
    hear_what_is_replaced_later(rig, &loaf).await;
    *rig.shelf.away.lock().unwrap() = 2;

    let (_relay, _deliver) = (rig.relay(), rig.deliver_restocking());

    // The third of the new epoch is told, but waits until what it builds on is known.
    let expected = [(1, "1"), (2, "2"), (3, "3"), (4, "restocked")];
    rig.shelf_holds(&loaf, &expected).await;
    rig.letters_are(&loaf, &[]).await;
}

pub(super) async fn a_replaced_history_goes_on_where_it_was_heard_when_nobody_can_be_asked(
    rig: &Rig,
) {
    let loaf = loaf();
    hear_what_is_replaced_later(rig, &loaf).await;

    let (_relay, _deliver) = (rig.relay(), rig.deliver());

    rig.shelf_holds(&loaf, &[(1, "1"), (2, "2"), (3, "3"), (4, "after")]).await;
    assert_eq!(rig.letters(&loaf).await, []);
}

pub(super) async fn types_that_nobody_hears_move_the_position(rig: &Rig) {
    let loaf = loaf();
    let cooled = Cooled { loaf: loaf.clone() };
    for _ in 0..3 {
        rig.tell(&cooled).await;
    }
    rig.tell(&baked(&loaf, "heard")).await;
    rig.tell(&cooled).await;

    let (_relay, _deliver) = (rig.relay(), rig.deliver());

    rig.shelf_holds(&loaf, &[(4, "heard")]).await;
    until(async || rig.position(&loaf).await == Some(5)).await;
}

pub(super) async fn a_listener_without_a_database_is_called_in_order(rig: &Rig) {
    type Notes = Arc<Mutex<Vec<Baked>>>;
    async fn note(notes: Notes, heard: Heard<Baked>) -> Result<(), HearError> {
        notes.lock().unwrap().push(heard.fact);
        Ok(())
    }
    let (loaf, notes) = (loaf(), Notes::default());
    tell_numbers(rig, &loaf, 1..=5).await;

    let _relay = rig.relay();
    let _deliver = rig.deliver_to(Listeners::new(rig.consumer).on(&notes, note));

    until(async || rig.position(&loaf).await == Some(5)).await;
    notes.lock().unwrap().retain(|fact| fact.loaf == loaf);
    assert_eq!(*notes.lock().unwrap(), (1..=5).map(|n| baked(&loaf, &n)).collect::<Vec<_>>());
}

pub(super) async fn two_members_of_a_group_share_the_work(rig: &Rig) {
    let second = rig.shelf.another();
    let _relay = rig.relay();
    let _first = rig.deliver();
    let _second = rig.deliver_to(Listeners::new(rig.consumer).on(&second, Shelf::put));

    until(async || {
        let loaves: Vec<String> = (0..16).map(|_| loaf()).collect();
        join_all(loaves.iter().map(async |loaf| tell_numbers(rig, loaf, 1..=2).await)).await;
        for loaf in &loaves {
            has_numbers(rig, loaf, 2).await;
        }
        let both = [&rig.shelf, &second];
        both.iter().all(|shelf| !shelf.heard.lock().unwrap().is_empty())
    })
    .await;
}

pub(super) async fn a_consumer_that_lost_its_partitions_commits_nothing_that_was_not_applied(
    rig: &Rig,
) {
    let loaf = loaf();
    tell_numbers(rig, &loaf, 1..=3).await;
    let _relay = rig.relay();
    let (mut stale, read) = read_until(reader(rig).await, &loaf, 3).await;
    if !rig.log.backend.abilities().fenced {
        return a_stale_commit_speaks_of_what_it_read_alone(rig, &loaf, stale, &read).await;
    }
    let mark = mark_behind(&read[0]);
    assert_eq!(stale.commit(std::slice::from_ref(&mark)).await.unwrap(), []);

    tokio::time::sleep(LEASE).await;
    let (_fresh, again) = read_until(reader(rig).await, &loaf, 2).await;

    assert_eq!(again[0].offset, read[1].offset, "begins behind what was committed");
    let mark = mark_behind(&read[2]);
    let refused = stale.commit(std::slice::from_ref(&mark)).await.unwrap();
    assert_eq!(refused, [mark]);
}

pub(super) async fn a_consumer_without_room_keeps_its_place(rig: &Rig) {
    let loaf = loaf();
    tell_numbers(rig, &loaf, 1..=5).await;
    let _relay = rig.relay();
    let (mut consumer, read) = read_until(reader(rig).await, &loaf, 5).await;

    tell_numbers(rig, &loaf, 6..=10).await;
    let began = Instant::now();
    while began.elapsed() < SILENCE_MAX + Duration::from_secs(2) {
        let nothing = consumer.poll(0, Duration::from_millis(100)).await.unwrap();
        assert!(nothing.is_empty());
    }

    let mut seen = ids(&read);
    until(async || {
        let mut more = consumer.poll(100, Duration::from_millis(100)).await.unwrap();
        more.retain(|delivery| delivery.record.key == loaf);
        seen.extend(ids(&more));
        seen.len() == 10
    })
    .await;
    if rig.log.backend.abilities().fenced {
        assert_eq!(consumer.commit(&[mark_behind(&read[0])]).await.unwrap(), []);
    }
}

pub(super) async fn what_came_back_to_a_consumer_that_had_no_room_is_read(rig: &Rig) {
    if !rig.log.backend.abilities().fenced {
        return; // Members share no partitions there, so none come back.
    }
    let loaves: Vec<String> = (0..16).map(|_| loaf()).collect();
    join_all(loaves.iter().map(|loaf| tell_numbers(rig, loaf, 1..=1))).await;
    let _relay = rig.relay();
    let pause = Duration::from_millis(50);
    let (mut first, mut seen) = (reader(rig).await, BTreeSet::new());
    hear(first.as_mut(), &loaves, &mut seen, 16).await;

    let mut second = reader(rig).await;
    until(async || {
        assert!(first.poll(0, pause).await.unwrap().is_empty());
        !second.poll(100, pause).await.unwrap().is_empty()
    })
    .await;
    // Room again, for the half that is left.
    hear(first.as_mut(), &loaves, &mut seen, 16).await;
    second.close().await.unwrap();

    join_all(loaves.iter().map(|loaf| tell_numbers(rig, loaf, 2..=2))).await;
    hear(first.as_mut(), &loaves, &mut seen, 32).await;
}

/// Asks at least once, and until `count` records about the loaves have been seen.
async fn hear(
    consumer: &mut dyn Consumer,
    loaves: &[String],
    seen: &mut BTreeSet<Uuid>,
    count: usize,
) {
    until(async || {
        let mut read = consumer.poll(100, Duration::from_millis(100)).await.unwrap();
        read.retain(|delivery| loaves.contains(&delivery.record.key));
        seen.extend(ids(&read));
        seen.len() >= count
    })
    .await;
}

/// One who was silent too long shares its records with another: what it says it applied is forgotten,
/// and nothing else is.
async fn a_stale_commit_speaks_of_what_it_read_alone(
    rig: &Rig,
    loaf: &str,
    mut stale: Box<dyn Consumer>,
    read: &[Delivery],
) {
    let (fresh, again) = read_until(reader(rig).await, loaf, 3).await;
    assert_eq!(ids(&again), ids(read), "they are shown to another one");
    let first = read.iter().min_by_key(|delivery| delivery.offset).expect("three");
    stale.commit(&[mark_behind(first)]).await.unwrap();
    fresh.close().await.unwrap();
    stale.close().await.unwrap();

    let mut others = ids(read);
    others.remove(&first.record.id);
    let mut third = reader(rig).await;
    until(async || {
        let left = third.poll(100, Duration::from_millis(100)).await.unwrap();
        others.retain(|other| left.iter().all(|delivery| delivery.record.id != *other));
        others.is_empty()
    })
    .await;
}

pub(super) async fn what_was_read_can_be_read_again_or_told_again(rig: &Rig) {
    let loaf = loaf();
    tell_numbers(rig, &loaf, 1..=5).await;
    let _relay = rig.relay();
    let (mut consumer, read) = read_until(reader(rig).await, &loaf, 5).await;
    let last = read.iter().max_by_key(|delivery| delivery.offset).expect("five");
    consumer.commit(&[mark_behind(last)]).await.unwrap();

    let Delivery { record, offset, .. } = &read[2];
    let sought = consumer.seek(&record.topic, record.part, *offset).await;
    if !rig.log.backend.abilities().replay {
        assert!(matches!(sought, Err(LogError::Cannot(_))), "{sought:?}");
        rig.all_told().await;
        rig.forget_telling(&format!("key = '{loaf}'")).await;
        let (_consumer, again) = read_until(consumer, &loaf, 5).await;
        assert_eq!(ids(&again), ids(&read));
        return;
    }
    sought.unwrap();

    let (_consumer, again) = read_until(consumer, &loaf, 3).await;
    assert_eq!(
        again.iter().map(|d| d.offset).collect::<Vec<_>>(),
        [read[2].offset, read[3].offset, read[4].offset]
    );
}

pub(super) async fn a_stop_leaves_nothing_half_done(rig: &Rig) {
    let loaves: Vec<String> = (0..4).map(|_| loaf()).collect();
    join_all(loaves.iter().map(async |loaf| tell_numbers(rig, loaf, 1..=50).await)).await;
    let relay = rig.relay();
    rig.all_told().await;

    let deliver = rig.deliver();
    until(async || applied(rig).await > 20).await;
    relay.stop().await;
    deliver.stop().await;
    let done = applied(rig).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(applied(rig).await, done, "nothing goes on behind our backs");

    let _deliver = rig.deliver();
    for loaf in &loaves {
        has_numbers(rig, loaf, 50).await;
    }
}

async fn tell_numbers(rig: &Rig, loaf: &str, numbers: std::ops::RangeInclusive<i64>) {
    for n in numbers {
        rig.tell(&baked(loaf, &n)).await;
    }
}

/// Everything about the loaf is on the shelf, in its order, once.
async fn has_numbers(rig: &Rig, loaf: &str, last: i64) {
    let expected: Vec<(i64, String)> = (1..=last).map(|n| (n, n.to_string())).collect();
    until(async || rig.on_shelf(loaf).await.len() >= expected.len()).await;
    assert_eq!(rig.on_shelf(loaf).await, expected);
}

async fn hold_back_the_second(rig: &Rig, loaf: &str, numbers: std::ops::RangeInclusive<i64>) {
    tell_numbers(rig, loaf, numbers).await;
    let hold = "UPDATE outbox SET published_at = now() WHERE key = $1 AND seq = 2";
    sqlx::query(hold).bind(loaf).execute(rig.db.pool()).await.unwrap();
}

/// Three of the first epoch are heard. Then a failover forgets the third, and two others are told.
async fn hear_what_is_replaced_later(rig: &Rig, loaf: &str) {
    let (relay, deliver) = (rig.relay(), rig.deliver());
    tell_numbers(rig, loaf, 1..=3).await;
    has_numbers(rig, loaf, 3).await;
    relay.stop().await;
    deliver.stop().await;

    for forget in [
        "DELETE FROM outbox WHERE key = $1 AND seq = 3",
        "UPDATE event_sequence SET seq = 2 WHERE key = $1",
    ] {
        sqlx::query(forget).bind(loaf).execute(rig.db.pool()).await.unwrap();
    }
    rig.tell(&baked(loaf, "instead")).await;
    rig.tell(&baked(loaf, "after")).await;
    let raise = "UPDATE outbox SET epoch = 1 WHERE key = $1 AND published_at IS NULL";
    sqlx::query(raise).bind(loaf).execute(rig.db.pool()).await.unwrap();
}

async fn applied(rig: &Rig) -> i64 {
    sqlx::query_scalar("SELECT count(1) FROM shelf").fetch_one(rig.db.pool()).await.unwrap()
}

async fn reader(rig: &Rig) -> Box<dyn Consumer> {
    rig.log.backend.consumer(rig.consumer, &[topic_of(SOURCE)]).await.unwrap()
}

/// Reads until `count` records about the loaf have come.
async fn read_until(
    mut consumer: Box<dyn Consumer>,
    loaf: &str,
    count: usize,
) -> (Box<dyn Consumer>, Vec<Delivery>) {
    let mut found: Vec<Delivery> = Vec::new();
    let began = Instant::now();
    while found.len() < count {
        assert!(began.elapsed() < PATIENCE, "{} of {count} came", found.len());
        let read = consumer.poll(100, Duration::from_millis(100)).await.unwrap();
        found.extend(read.into_iter().filter(|delivery| delivery.record.key == loaf));
    }
    (consumer, found)
}

fn ids(deliveries: &[Delivery]) -> BTreeSet<Uuid> {
    deliveries.iter().map(|delivery| delivery.record.id).collect()
}

fn mark_behind(delivery: &Delivery) -> Mark {
    let Delivery { record, offset, lease } = delivery;
    Mark { topic: record.topic.clone(), part: record.part, lease: *lease, next: offset + 1 }
}
