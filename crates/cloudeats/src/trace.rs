//! `cloudeats trace`: the whole story of an order on one screen.

mod lanes;

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use common::types::Timestamp;
use sqlx::FromRow;
use uuid::Uuid;

use crate::commands::{Which, say};
use crate::look;
use crate::site::{SERVICES, Site};

use self::lanes::{EVENTS, HEARD, LANES};

/// Tells the story of an order.
#[derive(Debug, Clone, clap::Args)]
pub struct Trace {
    /// The order: its id, or the number that is called out at the counter
    order: String,
    #[command(flatten)]
    which: Which,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct Entry {
    /// Seconds since 1970.
    pub at: f64,
    /// Where: order, saga, stock, payment and so on.
    pub lane: String,
    /// What.
    pub what: String,
    /// Who did it.
    pub actor: Option<String>,
    /// Why.
    pub cause: Option<String>,
}

#[derive(FromRow)]
struct Head {
    order_id: Uuid,
    number: i64,
    customer_id: Uuid,
    store_id: Uuid,
    cell: String,
    fulfilment: String,
    state: String,
    cause: Option<String>,
    total_minor: i64,
    currency: String,
}

#[derive(FromRow)]
struct Told {
    event_id: Uuid,
    at: f64,
    what: String,
}

impl Trace {
    /// Runs the verb.
    pub async fn run(self) -> anyhow::Result<()> {
        let site = Site::open(self.which.layout()?)?;
        let head = find(&site, &self.order).await?;
        say(head.line());
        let entries = story(&site, head.order_id).await?;
        for line in lines(&entries) {
            say(line);
        }
        Ok(())
    }
}

async fn find(site: &Site, order: &str) -> anyhow::Result<Head> {
    const SQL: &str = "
        SELECT order_id, number, customer_id, store_id, cell, fulfilment, state, cause, total_minor,
               currency::text AS currency
          FROM orders
         WHERE order_id = $1 OR number = $2
         LIMIT 1";
    let id = Uuid::parse_str(order).ok();
    let number: Option<i64> = order.parse().ok();
    if id.is_none() && number.is_none() {
        bail!("`{order}` is neither the id of an order nor its number");
    }
    let mut orders = look::into(site, "orders").await?;
    let found: Option<Head> =
        sqlx::query_as(SQL).bind(id).bind(number).fetch_optional(&mut orders).await?;
    found.with_context(|| format!("there is no order `{order}`"))
}

/// Everything that all services, and the payment provider, know of an order, in the order of time.
pub async fn story(site: &Site, order: Uuid) -> anyhow::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for (service, sql) in LANES {
        let mut db = look::into(site, service).await?;
        let found: Vec<Entry> = sqlx::query_as(sql).bind(order).fetch_all(&mut db).await?;
        entries.extend(found);
    }
    entries.extend(events(site, order).await?);
    entries.extend(provider(site, order)?);
    entries.sort_by(|left, right| left.at.total_cmp(&right.at));
    Ok(folded(entries))
}

/// What one lane did in one transaction is one entry.
fn folded(entries: Vec<Entry>) -> Vec<Entry> {
    let mut story: Vec<Entry> = Vec::new();
    for entry in entries {
        let twin =
            story.iter_mut().rev().take_while(|before| before.at >= entry.at).find(|before| {
                before.lane == entry.lane
                    && before.actor == entry.actor
                    && before.cause == entry.cause
            });
        match twin {
            Some(twin) => {
                // One step goes on where the other led.
                let from = twin.what.rsplit(" -> ").next().unwrap_or_default();
                let rest = entry.what.strip_prefix(from).filter(|rest| rest.starts_with(" -> "));
                let more = rest.map_or_else(|| format!(", {}", entry.what), str::to_owned);
                twin.what.push_str(&more);
            }
            None => story.push(entry),
        }
    }
    story
}

/// The events about an order, each with those who heard it and how much later.
async fn events(site: &Site, order: Uuid) -> anyhow::Result<Vec<Entry>> {
    let services = || SERVICES.iter().filter(|service| service.has_database);
    let mut told: BTreeMap<Uuid, (Entry, Vec<String>)> = BTreeMap::new();
    for service in services() {
        let mut db = look::into(site, service.name).await?;
        let found: Vec<Told> = sqlx::query_as(EVENTS).bind(order).fetch_all(&mut db).await?;
        for Told { event_id, at, what } in found {
            let entry = Entry {
                at,
                lane: "event".to_owned(),
                what,
                actor: Some(service.name.to_owned()),
                cause: None,
            };
            told.insert(event_id, (entry, Vec::new()));
        }
    }
    let ids: Vec<Uuid> = told.keys().copied().collect();
    for service in services() {
        let mut db = look::into(site, service.name).await?;
        let heard: Vec<(String, Uuid, f64)> =
            sqlx::query_as(HEARD).bind(&ids).fetch_all(&mut db).await?;
        for (consumer, event, at) in heard {
            if let Some((entry, hearers)) = told.get_mut(&event) {
                let later_ms = (at - entry.at) * 1_000.0;
                hearers.push(format!("{consumer} +{later_ms:.0} ms"));
            }
        }
    }
    let with_hearers = |(mut entry, hearers): (Entry, Vec<String>)| {
        if !hearers.is_empty() {
            entry.cause = Some(format!("heard by {}", hearers.join(", ")));
        }
        entry
    };
    Ok(told.into_values().map(with_hearers).collect())
}

/// What the provider wrote down, in its own journal.
fn provider(site: &Site, order: Uuid) -> anyhow::Result<Vec<Entry>> {
    #[derive(serde::Deserialize)]
    struct Line {
        at: Timestamp,
        op: String,
        key: String,
        reference: String,
        amount_minor: i64,
        outcome: String,
    }
    let path = site.sandbox_folder().join("provider.jsonl");
    let text = std::fs::read_to_string(&path).with_context(|| format!("no {}", path.display()))?;
    let order = order.to_string();
    let mine = text.lines().filter(|line| line.contains(&order));
    let mine = mine.filter_map(|line| serde_json::from_str::<Line>(line).ok());
    let mine = mine.filter(|line| line.reference == order || line.key.starts_with(&order));
    Ok(mine
        .map(|line| Entry {
            at: Timestamp::as_duration(line.at).as_secs_f64(),
            lane: "provider".to_owned(),
            what: format!("{} {} {}", line.op, line.amount_minor, line.outcome),
            actor: None,
            cause: None,
        })
        .collect())
}

impl Head {
    fn line(&self) -> String {
        let cause = self.cause.as_ref().map(|cause| format!(" ({cause})")).unwrap_or_default();
        format!(
            "order {} number {}: {}{cause}, {}, {}.{:02} {}\ncustomer {}  store {}  cell {}\n",
            self.order_id,
            self.number,
            self.state,
            self.fulfilment,
            self.total_minor / 100,
            self.total_minor % 100,
            self.currency,
            self.customer_id,
            self.store_id,
            self.cell,
        )
    }
}

fn lines(entries: &[Entry]) -> Vec<String> {
    let begin = entries.first().map_or(0.0, |entry| entry.at);
    entries
        .iter()
        .map(|Entry { at, lane, what, actor, cause }| {
            let mut line = format!("{:>9.3} s  {lane:<9} {what:<38}", at - begin);
            for more in [actor, cause].into_iter().flatten() {
                line.push_str("  ");
                line.push_str(more);
            }
            line.trim_end().to_owned()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(at: f64, what: &str) -> Entry {
        Entry {
            at,
            lane: "order".to_owned(),
            what: what.to_owned(),
            actor: Some("machine".to_owned()),
            cause: None,
        }
    }

    #[test]
    fn steps_of_one_transaction_are_one_line() {
        let other = Entry { lane: "saga".to_owned(), ..entry(1.0, "hears reserve:1 OK") };
        let story = folded(vec![
            entry(1.0, "RESERVING -> RESERVED"),
            other.clone(),
            entry(1.0, "RESERVED -> CONFIRMED"),
            Entry { what: "hears authorize:1 OK".to_owned(), ..other },
            entry(2.0, "CONFIRMED -> READY"),
        ]);
        let lines: Vec<&str> = story.iter().map(|entry| entry.what.as_str()).collect();
        assert_eq!(
            lines,
            [
                "RESERVING -> RESERVED -> CONFIRMED",
                "hears reserve:1 OK, hears authorize:1 OK",
                "CONFIRMED -> READY",
            ]
        );
    }

    #[test]
    fn times_count_from_the_first_entry() {
        let lines = lines(&[entry(1_000.0, "RESERVING"), entry(1_001.5, "CONFIRMED")]);
        assert!(lines[0].starts_with("    0.000 s  order     RESERVING"));
        assert!(
            lines[1].starts_with("    1.500 s") && lines[1].ends_with("machine"),
            "{}",
            lines[1]
        );
    }
}

#[cfg(test)]
mod live {
    use sqlx::{AssertSqlSafe, PgPool};

    use super::*;

    /// The queries fit the real tables.
    #[sqlx::test(migrations = false)]
    async fn every_lane_can_be_read(pool: PgPool) {
        let mut db = pool.acquire().await.unwrap();
        for service in SERVICES.iter().filter(|service| service.has_database) {
            let name = service.name;
            let folder = format!("{}/../../services/{name}/migrations", env!("CARGO_MANIFEST_DIR"));
            let schema = format!("CREATE SCHEMA {name}; SET search_path TO {name};");
            sqlx::raw_sql(AssertSqlSafe(schema)).execute(&mut *db).await.unwrap();
            let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
            let mut files: Vec<_> =
                files.filter(|path| path.extension().is_some_and(|it| it == "sql")).collect();
            files.sort();
            for file in files {
                let sql = std::fs::read_to_string(file).unwrap();
                sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *db).await.unwrap();
            }
            let lanes = LANES.iter().filter(|(service, _)| *service == name);
            for sql in lanes.map(|(_, sql)| *sql).chain([EVENTS]) {
                sqlx::query(sql).bind(Uuid::nil()).fetch_all(&mut *db).await.unwrap();
            }
            sqlx::query(HEARD).bind(vec![Uuid::nil()]).fetch_all(&mut *db).await.unwrap();
        }
    }
}
