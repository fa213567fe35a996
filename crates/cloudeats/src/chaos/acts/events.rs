//! F12: events that come again and out of order, and events that nobody can apply.

use std::time::Duration;

use anyhow::{Context, ensure};
use common::types::{Cell, Clock, OrderId, SystemClock};
use event_kit::{
    Envelope, EventLog, Headers, PostgresLog, Record, dead_letters, partition_of, source_of,
    topic_of,
};
use rand::seq::SliceRandom;
use secrecy::ExposeSecret;
use sqlx::{Connection, FromRow, PgConnection};
use tokio::time::Instant;
use uuid::Uuid;

use crate::chaos::act::Landed;
use crate::chaos::rig::Rig;
use crate::look;
use crate::site::{EVENT_LOG, SERVICES, Site};

/// So many of the last events of each producer are told again, in any order.
const WINDOW: i64 = 1_000;
const BATCH: usize = 200;
const KEEP_H: u32 = 24 * 7;
const REGION: &str = "us-east-1";
const TELLERS: [&str; 3] = ["orders", "inventory", "fleet"];
/// What is poison is a dead letter by then, at first and when it was redriven: five attempts alone may
/// take 28 s.
const DEAD_MAX: Duration = Duration::from_secs(75);
/// No more of it becomes one.
const QUIET: Duration = Duration::from_secs(5);
const ATTEMPTS_MAX: i32 = 5;
const LOOK: Duration = Duration::from_millis(250);

#[derive(FromRow)]
struct Told {
    event_id: Uuid,
    source: String,
    key: String,
    seq: i64,
    #[sqlx(rename = "type")]
    kind: String,
    payload: String,
    cell: Option<String>,
    epoch: i64,
    correlation: Option<Uuid>,
}

/// Tells old events again and some that are poison, waits for these to be put aside, and clears them
/// away as an operator would.
pub(in crate::chaos) async fn play(rig: &Rig<'_>) -> anyhow::Result<Landed> {
    let site = rig.site();
    let log = PostgresLog::open(site.database_url(EVENT_LOG, EVENT_LOG)?.expose_secret(), KEEP_H)?;
    let mut again = Vec::new();
    for teller in TELLERS {
        again.extend(told(site, teller).await?);
    }
    if again.is_empty() {
        return Ok(None);
    }
    let poison = poison(&again);
    let ids: Vec<Uuid> = poison.iter().map(|record| record.id).collect();
    rig.poisoned(&ids);
    let mut records: Vec<Record> = again.iter().map(Told::record).collect();
    records.shuffle(&mut rand::rng());
    let (first, rest) = records.split_at(records.len() / 2);
    tell(&log, first).await?;
    tell(&log, &poison).await?;
    tell(&log, rest).await?;

    let letters = await_letters(site, &ids).await?;
    let most = letters.iter().map(|letter| letter.attempts).max().unwrap_or_default();
    ensure!(most <= ATTEMPTS_MAX, "poison was tried {most} times");
    clear(site, &letters).await?;
    forget(site, &ids).await?;
    let again = records.len();
    Ok((!letters.is_empty()).then(|| {
        let dead = letters.len();
        format!(
            "{again} events again, {} odd ones; {dead} dead letters, redriven, settled",
            ids.len()
        )
    }))
}

/// Makes what was told so far older than it is kept, which is 72 h.
pub(in crate::chaos) async fn age(rig: &Rig<'_>) -> anyhow::Result<Landed> {
    let mut aged = 0;
    for service in SERVICES.iter().filter(|service| service.has_database) {
        let mut above = look::from_above(rig.site(), service.name).await?;
        // What has not been heard by everybody stays young: it is judged by its event.
        let sql = "UPDATE outbox
                      SET published_at = published_at - interval '80 h'
                    WHERE published_at < now() - interval '10 s'";
        aged += sqlx::query(sql).execute(&mut above).await?.rows_affected();
    }
    Ok((aged > 0).then(|| format!("{aged} facts")))
}

/// The last events that a service told.
async fn told(site: &Site, teller: &str) -> anyhow::Result<Vec<Told>> {
    let mut db = look::into(site, teller).await?;
    let told = sqlx::query_as(
        "SELECT event_id, source, key, seq, type, payload::text AS payload, cell, epoch, correlation
           FROM outbox
          WHERE published_at IS NOT NULL
          ORDER BY id DESC
          LIMIT $1",
    );
    Ok(told.bind(WINDOW).fetch_all(&mut db).await?)
}

async fn tell(log: &PostgresLog, records: &[Record]) -> anyhow::Result<()> {
    for batch in records.chunks(BATCH) {
        let answers = log.publish(batch).await?;
        answers.into_iter().collect::<Result<Vec<()>, _>>()?;
    }
    Ok(())
}

/// Events with keys of their own, so that no history that matters is touched: one that is no JSON, one
/// without an envelope, one of a version to come, one about something that never was, one too long.
fn poison(samples: &[Told]) -> Vec<Record> {
    let kind = |part: &str| samples.iter().find(|told| told.kind.contains(part));
    let mut all = Vec::new();
    let confirmed = "com.cloudeats.orders.order_confirmed.v1";
    all.push(Told::odd(confirmed, "{\"order_id\": 1".to_owned()).record());
    let mut bare = Told::odd(confirmed, "{}".to_owned()).record();
    bare.headers = Headers::from([("content-type".to_owned(), "application/json".to_owned())]);
    all.push(bare);
    all.push(Told::odd("com.cloudeats.orders.order_confirmed.v9", "{}".to_owned()).record());
    let long = format!("{{\"padding\": \"{}\"}}", "x".repeat(200_000));
    all.push(Told::odd("com.cloudeats.orders.order_padded.v1", long).record());
    if let Some(sample) = kind("delivery_picked_up") {
        let mut stranger = Told::odd(&sample.kind, sample.payload.clone());
        if let Some(order) = sample.correlation {
            let nobody = SystemClock.new_id();
            stranger.payload = stranger.payload.replace(&order.to_string(), &nobody.to_string());
        }
        stranger.payload = stranger.payload.replace(&sample.key, &stranger.key);
        all.push(stranger.record());
    }
    all
}

impl Told {
    /// The first event of something that never was.
    fn odd(kind: &str, payload: String) -> Self {
        Self {
            event_id: SystemClock.new_id(),
            source: source_of(kind).to_owned(),
            key: SystemClock.new_id().to_string(),
            seq: 1,
            kind: kind.to_owned(),
            payload,
            cell: None,
            epoch: 0,
            correlation: None,
        }
    }

    fn record(&self) -> Record {
        let envelope = Envelope {
            id: self.event_id,
            kind: self.kind.clone(),
            source: self.source.clone(),
            region: REGION.to_owned(),
            key: self.key.clone(),
            seq: self.seq,
            epoch: self.epoch,
            at: SystemClock.now(),
            order: self.correlation.map(OrderId::from_uuid),
            cause: None,
            cell: self.cell.as_deref().and_then(|name| Cell::parse(name).ok()),
            trace: None,
        };
        Record {
            topic: topic_of(&self.source),
            part: partition_of(&self.key),
            id: self.event_id,
            key: self.key.clone(),
            headers: envelope.to_headers(),
            body: self.payload.clone().into_bytes(),
        }
    }
}

/// A dead letter of ours.
#[derive(Debug, FromRow)]
struct Letter {
    #[sqlx(skip)]
    service: &'static str,
    id: Uuid,
    attempts: i32,
}

/// Waits until no more of our events become dead letters.
async fn await_letters(site: &Site, ids: &[Uuid]) -> anyhow::Result<Vec<Letter>> {
    let begun = Instant::now();
    let (mut letters, mut since) = (Vec::new(), Instant::now());
    while begun.elapsed() < DEAD_MAX {
        let found = letters_of(site, ids).await?;
        if found.len() != letters.len() {
            since = Instant::now();
        }
        letters = found;
        if !letters.is_empty() && since.elapsed() > QUIET {
            break;
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(letters)
}

async fn letters_of(site: &Site, ids: &[Uuid]) -> anyhow::Result<Vec<Letter>> {
    let mut all = Vec::new();
    for service in SERVICES.iter().filter(|service| service.has_database) {
        let mut db = look::into(site, service.name).await?;
        // One without an envelope has an id that was derived from where it lay.
        let letters: Vec<Letter> = sqlx::query_as(
            "SELECT id, attempts
               FROM dead_letter
              WHERE settled_at IS NULL AND (event_id = ANY ($1) OR code = 'unreadable-envelope')",
        )
        .bind(ids)
        .fetch_all(&mut db)
        .await?;
        all.extend(letters.into_iter().map(|letter| Letter { service: service.name, ..letter }));
    }
    Ok(all)
}

/// Tries the letters again, which cannot help, and then gives them up.
async fn clear(site: &Site, letters: &[Letter]) -> anyhow::Result<()> {
    for service in SERVICES.iter().filter(|service| service.has_database) {
        let mine = letters.iter().filter(|letter| letter.service == service.name);
        let mine: Vec<Uuid> = mine.map(|letter| letter.id).collect();
        if mine.is_empty() {
            continue;
        }
        let url = site.database_url(service.name, service.name)?;
        let mut db = PgConnection::connect(url.expose_secret()).await.context("no database")?;
        dead_letters::redrive(&mut db, &mine).await?;
        returned(&mut db, &mine).await?;
        sqlx::query("UPDATE dead_letter SET settled_at = now() WHERE id = ANY ($1)")
            .bind(&mine)
            .execute(&mut db)
            .await?;
        db.close().await?;
    }
    Ok(())
}

/// Settles what became a dead letter too late to be redriven, when all else is over.
pub(in crate::chaos) async fn put_away(site: &Site, ids: &[Uuid]) -> anyhow::Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    for letter in letters_of(site, ids).await? {
        let mut above = look::from_above(site, letter.service).await?;
        let settle = sqlx::query("UPDATE dead_letter SET settled_at = now() WHERE id = $1");
        settle.bind(letter.id).execute(&mut above).await?;
    }
    forget(site, ids).await
}

/// What was heard of our own events is forgotten: no outbox has them.
async fn forget(site: &Site, ids: &[Uuid]) -> anyhow::Result<()> {
    for service in SERVICES.iter().filter(|service| service.has_database) {
        let mut above = look::from_above(site, service.name).await?;
        let forget = sqlx::query("DELETE FROM inbox WHERE event_id = ANY ($1)").bind(ids);
        forget.execute(&mut above).await?;
    }
    Ok(())
}

/// Waits until letters that were redriven have failed again.
async fn returned(db: &mut PgConnection, letters: &[Uuid]) -> anyhow::Result<()> {
    let begun = Instant::now();
    loop {
        let open: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM dead_letter WHERE id = ANY ($1) AND redriven_at IS NOT NULL",
        )
        .bind(letters)
        .fetch_one(&mut *db)
        .await?;
        if open == 0 {
            return Ok(());
        }
        ensure!(begun.elapsed() < DEAD_MAX, "{open} redriven letters did not come back");
        tokio::time::sleep(LOOK).await;
    }
}
