//! Waits until nothing moves by itself any more.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use anyhow::Context;
use tokio::time::Instant;

use crate::look;
use crate::site::{SERVICES, Site};

use super::subscriptions::SUBSCRIPTIONS;

const PAUSE: Duration = Duration::from_millis(250);

/// What moves by itself: the database, what it is, and how many there are.
const MOVING: [(&str, &str, &str); 4] = [
    (
        "orders",
        "orders that the machine drives",
        "SELECT count(*) FROM orders
          WHERE state IN ('RECEIVED', 'RESERVING', 'RESERVED', 'AUTHORIZING', 'AUTHORIZED', 'DELIVERED',
                          'CAPTURING', 'CAPTURE_FAILED', 'CANCELLING')",
    ),
    (
        "payment",
        "payments with an open call",
        "SELECT count(*) FROM payment WHERE work IS NOT NULL",
    ),
    (
        "payment",
        "refunds on their way",
        "SELECT count(*) FROM refund WHERE state IN ('SUBMITTING', 'FAILED')",
    ),
    (
        "notification",
        "messages on their way",
        "SELECT count(*) FROM send WHERE state IN ('QUEUED', 'SENDING')",
    ),
];

const UNPUBLISHED: &str = "SELECT count(*) FROM outbox WHERE published_at IS NULL";

/// The last of each history in which a consumer listens for something.
const TOLD: &str = "
    SELECT key, max(seq)
      FROM outbox
     WHERE source = $1
     GROUP BY key
    HAVING bool_or(type = ANY ($2))";

const HEARD: &str = "SELECT key, seq FROM event_position WHERE consumer = $1 AND source = $2";

/// Waits; answers what still moves when patience ends.
pub(super) async fn wait(site: &Site, patience: Duration) -> anyhow::Result<Option<String>> {
    let started = Instant::now();
    // Twice in a row: what was between two databases at the first look is seen at the second.
    let mut calm = 0;
    loop {
        let moving = moving(site).await?;
        calm = if moving.is_none() { calm + 1 } else { 0 };
        if calm == 2 {
            return Ok(None);
        }
        if started.elapsed() > patience {
            return Ok(moving);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn moving(site: &Site) -> anyhow::Result<Option<String>> {
    for (database, what, sql) in MOVING {
        let count = count(site, database, sql).await?;
        if count > 0 {
            return Ok(Some(format!("{count} {what}")));
        }
    }
    for service in SERVICES.iter().filter(|service| service.has_database) {
        let count = count(site, service.name, UNPUBLISHED).await?;
        if count > 0 {
            return Ok(Some(format!("{count} unpublished events of {}", service.name)));
        }
    }
    for (consumer, types) in SUBSCRIPTIONS {
        for producer in producers(types) {
            let behind = behind(site, consumer, producer, types).await?;
            if behind > 0 {
                return Ok(Some(format!("{behind} histories of {producer} that {consumer} reads")));
            }
        }
    }
    Ok(None)
}

/// Those who tell events of these types.
fn producers<'a>(types: &[&'a str]) -> BTreeSet<&'a str> {
    types.iter().map(|kind| event_kit::source_of(kind)).collect()
}

/// Histories of a producer in which a consumer does not stand at the end. Positions say it whatever
/// carries the events.
async fn behind(
    site: &Site,
    consumer: &str,
    producer: &str,
    types: &[&str],
) -> anyhow::Result<usize> {
    let mut teller = look::into(site, producer).await?;
    let told: Vec<(String, i64)> =
        sqlx::query_as(TOLD).bind(producer).bind(types).fetch_all(&mut teller).await?;
    let mut hearer = look::into(site, consumer).await?;
    let heard: Vec<(String, i64)> =
        sqlx::query_as(HEARD).bind(consumer).bind(producer).fetch_all(&mut hearer).await?;
    let heard: HashMap<String, i64> = heard.into_iter().collect();
    let stands_at = |key: &String| heard.get(key).copied().unwrap_or_default();
    Ok(told.iter().filter(|(key, last)| stands_at(key) < *last).count())
}

async fn count(site: &Site, database: &str, sql: &'static str) -> anyhow::Result<i64> {
    let mut db = look::into(site, database).await?;
    let counted = sqlx::query_scalar(sql).fetch_one(&mut db).await;
    counted.with_context(|| format!("`{database}` cannot be asked what moves"))
}
