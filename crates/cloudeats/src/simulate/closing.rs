//! The closing table: what a run came to, read from the services' own databases.

use std::fmt::Write;

use serde::Deserialize;
use sqlx::PgConnection;

use crate::api::{Api, Call};
use crate::commands::say;
use crate::look;
use crate::ports::Door;
use crate::site::Site;

use super::Totals;

const STATES: &str = "
    SELECT state, count(*)
      FROM orders
     WHERE created_at >= $1::timestamptz AND customer_id = ANY ($2)
     GROUP BY state
     ORDER BY count(*) DESC, state";

/// Minutes from one step to another, of the orders that took both.
const MINUTES: &str = "
    WITH step AS (
        SELECT t.order_id,
               min(t.at) FILTER (WHERE t.seq = 1) AS placed,
               min(t.at) FILTER (WHERE t.to_state = 'CONFIRMED') AS confirmed,
               min(t.at) FILTER (WHERE t.to_state = 'READY') AS ready,
               min(t.at) FILTER (WHERE t.to_state = 'DELIVERED') AS delivered
          FROM order_transition t
          JOIN orders o USING (order_id)
         WHERE o.created_at >= $1::timestamptz AND o.customer_id = ANY ($2)
         GROUP BY t.order_id
    ), way AS (
        SELECT 1 AS nth, 'placed to confirmed' AS what, confirmed - placed AS took FROM step
        UNION ALL SELECT 2, 'confirmed to ready', ready - confirmed FROM step
        UNION ALL SELECT 3, 'ready to delivered', delivered - ready FROM step
        UNION ALL SELECT 4, 'placed to delivered', delivered - placed FROM step
    )
    SELECT what, count(took),
           coalesce(percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM took)), 0)::float8 / 60,
           coalesce(percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM took)), 0)::float8 / 60
      FROM way
     GROUP BY nth, what
     ORDER BY nth";

const MONEY: &str = "
    SELECT currency, count(*) FILTER (WHERE captured_minor > 0), coalesce(sum(captured_minor), 0)::bigint,
           count(*) FILTER (WHERE state = 'VOIDED'), count(*) FILTER (WHERE state = 'DECLINED')
      FROM payment
     WHERE created_at >= $1::timestamptz AND customer_id = ANY ($2)
     GROUP BY currency
     ORDER BY currency";

const STOCK: &str = "
    SELECT m.kind, i.unit, count(*), sum(m.qty)::bigint
      FROM stock_movement m
      JOIN item i USING (item_id)
     WHERE m.at >= $1::timestamptz
     GROUP BY m.kind, i.unit
     ORDER BY m.kind, i.unit";

const MESSAGES: &str = "
    SELECT s.channel, s.state, count(*)
      FROM send s
      JOIN notification n USING (notification_id)
     WHERE n.created_at >= $1::timestamptz AND n.user_id = ANY ($2)
     GROUP BY s.channel, s.state
     ORDER BY s.channel, s.state";

/// Prints the closing table of a run.
pub async fn closing(site: &Site, totals: &Totals) -> anyhow::Result<()> {
    say(table(site, totals).await?);
    Ok(())
}

async fn table(site: &Site, totals: &Totals) -> anyhow::Result<String> {
    let mut text = format!(
        "\n{} orders placed, {} completed in {:.1} s at speed {}\n",
        totals.placed,
        totals.completed,
        totals.took.as_secs_f64(),
        totals.speed
    );
    let mut orders = look::into(site, "orders").await?;
    head(&mut text, "state", &["orders"]);
    for (state, count) in rows::<(String, i64)>(&mut orders, STATES, totals).await? {
        row(&mut text, &state, &[count.to_string()]);
    }
    head(&mut text, "minutes per order", &["orders", "p50", "p95"]);
    for (what, count, p50, p95) in
        rows::<(String, i64, f64, f64)>(&mut orders, MINUTES, totals).await?
    {
        row(&mut text, &what, &[count.to_string(), format!("{p50:.3}"), format!("{p95:.3}")]);
    }

    head(&mut text, "money", &["captures", "captured", "voided", "declined"]);
    let mut payment = look::into(site, "payment").await?;
    for (currency, captures, minor, voided, declined) in
        rows::<(String, i64, i64, i64, i64)>(&mut payment, MONEY, totals).await?
    {
        let captured = format!("{}.{:02}", minor / 100, minor % 100);
        row(
            &mut text,
            &currency,
            &[captures.to_string(), captured, voided.to_string(), declined.to_string()],
        );
    }

    head(&mut text, "stock moved", &["times", "amount"]);
    let mut inventory = look::into(site, "inventory").await?;
    for (kind, unit, count, sum) in sqlx::query_as::<_, (String, String, i64, i64)>(STOCK)
        .bind(totals.since.to_string())
        .fetch_all(&mut inventory)
        .await?
    {
        row(&mut text, &format!("{kind}, {unit}"), &[count.to_string(), sum.to_string()]);
    }

    head(&mut text, "messages", &["count"]);
    let mut notification = look::into(site, "notification").await?;
    for (channel, state, count) in
        rows::<(String, String, i64)>(&mut notification, MESSAGES, totals).await?
    {
        row(&mut text, &format!("{channel}, {state}"), &[count.to_string()]);
    }
    row(&mut text, "letters in the mailbox, of all runs", &[letters(site).await.to_string()]);
    if let Some((driven, seen)) = totals.track_points {
        head(&mut text, "track", &["points"]);
        row(&mut text, "driven by couriers", &[driven.to_string()]);
        row(&mut text, "seen on the tracking stream", &[seen.to_string()]);
    }
    Ok(text)
}

async fn rows<T>(
    db: &mut PgConnection,
    sql: &'static str,
    totals: &Totals,
) -> anyhow::Result<Vec<T>>
where
    T: for<'r> sqlx::FromRow<'r, sqlx::postgres::PgRow> + Send + Unpin,
{
    let query = sqlx::query_as(sql).bind(totals.since.to_string()).bind(&totals.customers);
    Ok(query.fetch_all(db).await?)
}

/// A mailbox that cannot be asked holds nothing that we know of.
async fn letters(site: &Site) -> u64 {
    #[derive(Deserialize)]
    struct Count {
        count: u64,
    }
    let Ok(api) = Api::new(site.http_url(Door::Mailbox)) else { return 0 };
    let answer = api.send(&Call::get("/count"), None).await.ok();
    answer.and_then(|answer| answer.json::<Count>().ok()).map_or(0, |it| it.count)
}

fn head(text: &mut String, what: &str, columns: &[&str]) {
    let columns: Vec<String> = columns.iter().map(|&column| column.to_owned()).collect();
    text.push('\n');
    row(text, what, &columns);
}

fn row(text: &mut String, what: &str, cells: &[String]) {
    let _never_fails = write!(text, "  {what:<36}");
    for cell in cells {
        let _never_fails = write!(text, "{cell:>12}");
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_below_one_another() {
        let mut text = String::new();
        head(&mut text, "money", &["captures", "captured"]);
        row(&mut text, "USD", &["12".to_owned(), "84.50".to_owned()]);
        let lines: Vec<&str> = text.lines().skip(1).collect();
        assert_eq!(lines[0].len(), lines[1].len());
        assert!(lines[0].ends_with("captured") && lines[1].ends_with("84.50"));
    }
}
