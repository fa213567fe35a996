//! Copies what the checkers need from a service's database into a schema of the scratch database.
//!
//! The copies have columns and rows and nothing else: a checker must be able to see what a constraint
//! would have refused.

use std::fmt::Write;

use anyhow::{Context, ensure};
use futures::TryStreamExt;
use sqlx::{Connection, PgConnection};

use crate::look;
use crate::site::Site;

use super::run;

/// The tables that are judged, by the service that owns them.
const TABLES: &[(&str, &[&str])] = &[
    ("identity", &["outbox", "inbox", "event_position", "dead_letter"]),
    (
        "inventory",
        &[
            "stock",
            "stock_movement",
            "reservation",
            "reservation_line",
            "reservation_transition",
            "reservation_legal",
            "idempotency",
            "outbox",
            "inbox",
            "event_position",
            "dead_letter",
        ],
    ),
    (
        "orders",
        &[
            "orders",
            "order_transition",
            "order_legal",
            "ticket",
            "ticket_transition",
            "ticket_legal",
            "outbox",
            "inbox",
            "event_position",
            "dead_letter",
        ],
    ),
    (
        "payment",
        &[
            "payment",
            "payment_call",
            "payment_transition",
            "payment_legal",
            "ledger_tx",
            "ledger_line",
            "refund",
            "refund_transition",
            "refund_legal",
            "credit_note",
            "recon_break",
            "outbox",
            "inbox",
            "event_position",
            "dead_letter",
        ],
    ),
    (
        "fleet",
        &[
            "delivery",
            "delivery_transition",
            "delivery_legal",
            "courier_fact",
            "vehicle_position",
            "vehicle_track",
            "outbox",
            "inbox",
            "event_position",
            "dead_letter",
        ],
    ),
    (
        "notification",
        &[
            "notification",
            "send",
            "send_transition",
            "send_legal",
            "outbox",
            "inbox",
            "event_position",
            "dead_letter",
        ],
    ),
];

/// A column and its type.
type Column = (String, String);

/// Copies a service's tables, all of them as they were at one moment.
pub(super) async fn service(
    site: &Site,
    name: &str,
    scratch: &mut PgConnection,
) -> anyhow::Result<()> {
    let mut source = look::into(site, name).await?;
    run(scratch, format!("CREATE SCHEMA {name}")).await?;
    run(&mut source, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY".to_owned()).await?;
    for table in tables(name) {
        let copied = copy(&mut source, scratch, name, table).await;
        copied.with_context(|| format!("the table `{table}` cannot be copied"))?;
    }
    run(&mut source, "COMMIT".to_owned()).await?;
    source.close().await?;
    Ok(())
}

/// The tables of a service that are judged.
pub(super) fn tables(service: &str) -> &'static [&'static str] {
    let found = TABLES.iter().find(|(name, _)| *name == service);
    found.map_or(&[], |(_, tables)| tables)
}

async fn copy(
    source: &mut PgConnection,
    scratch: &mut PgConnection,
    schema: &str,
    table: &str,
) -> anyhow::Result<()> {
    let columns = columns(source, "public", table).await?;
    run(scratch, definition(schema, table, &columns)).await?;
    let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
    let names = names.join(", ");
    let out = sqlx::AssertSqlSafe(format!("COPY (SELECT {names} FROM {table}) TO STDOUT"));
    let into = sqlx::AssertSqlSafe(format!("COPY {schema}.{table} ({names}) FROM STDIN"));
    let mut sink = scratch.copy_in_raw(into.0.as_str()).await?;
    let mut rows = source.copy_out_raw(out.0.as_str()).await?;
    while let Some(chunk) = rows.try_next().await? {
        sink.send(chunk).await?;
    }
    sink.finish().await?;
    Ok(())
}

/// The columns of a table, in their order.
pub(super) async fn columns(
    db: &mut PgConnection,
    schema: &str,
    table: &str,
) -> anyhow::Result<Vec<Column>> {
    let columns: Vec<Column> = sqlx::query_as(
        "SELECT quote_ident(a.attname), format_type(a.atttypid, a.atttypmod)
           FROM pg_attribute a
           JOIN pg_class c ON c.oid = a.attrelid
           JOIN pg_namespace n ON n.oid = c.relnamespace
          WHERE n.nspname = $1 AND c.relname = $2 AND a.attnum > 0 AND NOT a.attisdropped
          ORDER BY a.attnum",
    )
    .bind(schema)
    .bind(table)
    .fetch_all(db)
    .await?;
    ensure!(!columns.is_empty(), "there is no table `{table}`");
    Ok(columns)
}

/// A table of these columns without constraints.
pub(super) fn definition(schema: &str, table: &str, columns: &[Column]) -> String {
    let mut sql = format!("CREATE TABLE {schema}.{table} (");
    for (nth, (name, kind)) in columns.iter().enumerate() {
        let _never_fails = write!(sql, "{}{name} {kind}", if nth == 0 { "" } else { ", " });
    }
    sql.push(')');
    sql
}
