//! Holds transactions open: nothing that is deleted meanwhile can be cleared away, and a fact with an early
//! number is committed late.

use std::time::Duration;

use event_kit::outbox;
use futures::future::try_join_all;
use secrecy::ExposeSecret;
use sqlx::{Connection, PgConnection};

use super::book::Book;
use super::listener::Told;
use super::place::Place;

/// Begins in the databases of both services, stages the fact `number` in the teller's, waits, and commits.
pub(super) async fn hold(
    place: &Place,
    book: &Book,
    fact: (&str, usize),
    length: Duration,
) -> anyhow::Result<()> {
    let urls = place.urls.iter().map(|url| PgConnection::connect(url.expose_secret()));
    let mut open = try_join_all(urls).await?;
    for db in &mut open {
        sqlx::raw_sql("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(1) FROM pg_class")
            .execute(db)
            .await?;
    }
    let (run, number) = fact;
    if let Some(teller) = open.first_mut() {
        outbox::stage(teller, &Told::late(run, number)).await?;
    }
    tokio::time::sleep(length).await;
    for mut db in open {
        sqlx::raw_sql("COMMIT").execute(&mut db).await?;
        db.close().await?;
    }
    book.note_committed(number);
    Ok(())
}
