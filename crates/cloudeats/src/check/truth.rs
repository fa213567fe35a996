//! What is known from outside: journals that no service can write, and who hears what.

use std::io::{BufRead, BufReader};
use std::path::Path;

use anyhow::Context;
use sqlx::PgConnection;

use crate::history::{History, Logbook};
use crate::site::Site;

use super::{run, subscriptions};

const CHUNK_BYTES: usize = 1 << 20;

/// The tables into which journals are read.
pub(super) const RAW: &str = "
    CREATE SCHEMA truth;
    CREATE TABLE truth.raw_history (n bigint GENERATED ALWAYS AS IDENTITY, doc jsonb NOT NULL);
    CREATE TABLE truth.raw_provider (n bigint GENERATED ALWAYS AS IDENTITY, doc jsonb NOT NULL);
    CREATE TABLE truth.raw_letter (n bigint GENERATED ALWAYS AS IDENTITY, doc jsonb NOT NULL);
    CREATE TABLE truth.raw_vehicle (n bigint GENERATED ALWAYS AS IDENTITY, doc jsonb NOT NULL);
    CREATE TABLE truth.subscription (consumer text, type text)";

const TABLES: &str = "
    CREATE TABLE truth.history AS
    SELECT n, (doc->>'t_invoke')::timestamptz AS t_invoke, (doc->>'t_done')::timestamptz AS t_done,
           doc->>'client' AS client, doc->>'op' AS op, (doc->>'principal')::uuid AS principal,
           doc->>'idem_key' AS idem_key, doc->>'body_sha' AS body_sha, doc->>'outcome' AS outcome,
           (doc->>'http')::int AS http, (doc->>'order_id')::uuid AS order_id,
           doc->>'answer_sha' AS answer_sha
      FROM truth.raw_history;
    CREATE INDEX ON truth.history (order_id, op);
    CREATE TABLE truth.provider AS
    SELECT n, (doc->>'at')::timestamptz AS at, doc->>'op' AS op, doc->>'key' AS call_key,
           (doc->>'authorization_id')::uuid AS provider_ref, doc->>'reference' AS order_id,
           (doc->>'amount_minor')::bigint AS amount_minor, doc->>'outcome' AS outcome, doc->>'state' AS state,
           (doc->>'part')::int AS part
      FROM truth.raw_provider;
    CREATE INDEX ON truth.provider (provider_ref);
    CREATE TABLE truth.letter AS
    SELECT n, (doc->>'at')::timestamptz AS at,
           substring(doc->>'raw' from '(?in)^message-id:\\s*<([^>]+)>') AS message_id
      FROM truth.raw_letter;
    CREATE TABLE truth.vehicle AS
    SELECT (doc->>'at')::timestamptz AS at, (doc->>'vehicle_id')::uuid AS vehicle_id,
           (doc->>'event_id')::uuid AS event_id, doc->>'kind' AS kind, doc->>'refused' AS refused
      FROM truth.raw_vehicle";

/// The event tables of all services as one, each row with the service it is from.
const EVENTS: &str = "
    CREATE TABLE truth.outbox (service text, event_id uuid, source text, key text, seq bigint, type text, created_at timestamptz);
    CREATE TABLE truth.inbox (service text, consumer text, event_id uuid);
    CREATE TABLE truth.position (service text, consumer text, source text, key text, seq bigint);
    CREATE TABLE truth.dead_letter (service text, consumer text, source text, key text, seq bigint, type text, event_id uuid, code text)";

/// Loads the journals. A journal that is not there cannot be judged by.
pub(super) async fn load(
    site: &Site,
    db: &mut PgConnection,
    unread: &mut Vec<String>,
) -> anyhow::Result<()> {
    run(db, RAW.to_owned()).await?;
    let sandbox = site.sandbox_folder();
    for (table, path) in [
        ("raw_history", History::file(site)),
        ("raw_provider", sandbox.join("provider.jsonl")),
        ("raw_letter", sandbox.join("mailbox.jsonl")),
    ] {
        if let Err(error) = lines(db, table, &path).await {
            unread.push(format!("{}: {error:#}", path.display()));
        }
    }
    // Where nobody ever drove there is no such journal.
    let vehicles = Logbook::file(site);
    if vehicles.is_file()
        && let Err(error) = lines(db, "raw_vehicle", &vehicles).await
    {
        unread.push(format!("{}: {error:#}", vehicles.display()));
    }
    derive(db).await
}

/// What follows from the copies and the raw lines.
pub(super) async fn derive(db: &mut PgConnection) -> anyhow::Result<()> {
    run(db, TABLES.to_owned()).await?;
    subscribe(db).await?;
    run(db, EVENTS.to_owned()).await?;
    for service in ["identity", "inventory", "orders", "payment", "fleet", "notification"] {
        let there: bool =
            sqlx::query_scalar("SELECT to_regclass($1 || '.dead_letter') IS NOT NULL")
                .bind(service)
                .fetch_one(&mut *db)
                .await?;
        if there {
            run(db, gather(service)).await?;
        }
    }
    run(db, "CREATE INDEX ON truth.inbox (event_id); CREATE INDEX ON truth.outbox (source, key, seq); ANALYZE".to_owned()).await
}

fn gather(service: &str) -> String {
    format!(
        "INSERT INTO truth.outbox SELECT '{service}', event_id, source, key, seq, type, created_at FROM {service}.outbox;
         INSERT INTO truth.inbox SELECT '{service}', consumer, event_id FROM {service}.inbox;
         INSERT INTO truth.position SELECT '{service}', consumer, source, key, seq FROM {service}.event_position;
         INSERT INTO truth.dead_letter SELECT '{service}', consumer, source, key, seq, type, event_id, code
           FROM {service}.dead_letter WHERE settled_at IS NULL"
    )
}

async fn subscribe(db: &mut PgConnection) -> anyhow::Result<()> {
    for (consumer, types) in subscriptions::SUBSCRIPTIONS {
        let types: Vec<&str> = types.to_vec();
        sqlx::query("INSERT INTO truth.subscription SELECT $1, unnest($2::text[])")
            .bind(*consumer)
            .bind(types)
            .execute(&mut *db)
            .await?;
    }
    Ok(())
}

/// Copies the whole lines of a journal. A last line without its end was never acknowledged.
async fn lines(db: &mut PgConnection, table: &str, path: &Path) -> anyhow::Result<()> {
    let file = std::fs::File::open(path).context("cannot be read")?;
    let mut reader = BufReader::new(file);
    let copy = format!("COPY truth.{table} (doc) FROM STDIN");
    let mut sink = db.copy_in_raw(&copy).await?;
    let (mut line, mut chunk) = (String::new(), Vec::new());
    loop {
        line.clear();
        let read = reader.read_line(&mut line);
        if let Err(error) = read {
            sink.abort("unreadable").await?;
            return Err(error.into());
        }
        let Some(whole) = line.strip_suffix('\n') else { break };
        chunk.extend_from_slice(escaped(whole).as_bytes());
        chunk.push(b'\n');
        if chunk.len() > CHUNK_BYTES {
            sink.send(std::mem::take(&mut chunk)).await?;
        }
    }
    sink.send(chunk).await?;
    sink.finish().await?;
    Ok(())
}

/// As COPY's text format wants it. JSON keeps its own control characters escaped; what the database
/// cannot hold (NUL) becomes what it stands for nowhere.
fn escaped(line: &str) -> String {
    line.replace("\\u0000", "\\ufffd")
        .replace('\\', "\\\\")
        .replace('\t', "\\t")
        .replace('\r', "\\r")
}
