//! Waits until nothing moves by itself any more.

use std::time::Duration;

use anyhow::Context;
use tokio::time::Instant;

use crate::look;
use crate::site::{EVENT_LOG, SERVICES, Site};

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
        "notification",
        "messages on their way",
        "SELECT count(*) FROM send WHERE state IN ('QUEUED', 'SENDING')",
    ),
    (
        EVENT_LOG,
        "events that a consumer has not taken",
        "SELECT coalesce(sum(p.next_offset - g.committed_offset), 0)::bigint
           FROM log_group g
           JOIN log_partition p USING (topic, part)
          WHERE g.committed_offset < p.next_offset",
    ),
];

const UNPUBLISHED: &str = "SELECT count(*) FROM outbox WHERE published_at IS NULL";

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
    Ok(None)
}

async fn count(site: &Site, database: &str, sql: &'static str) -> anyhow::Result<i64> {
    let mut db = look::into(site, database).await?;
    let counted = sqlx::query_scalar(sql).fetch_one(&mut db).await;
    counted.with_context(|| format!("`{database}` cannot be asked what moves"))
}
