//! The dead letters of a service, as it shows them to its neighbours.

use common::types::Timestamp;
use futures::{FutureExt, future::BoxFuture};
use jiff_sqlx::ToSqlx;
use postgres_kit::{Db, StoreError};
use serde_json::{Value, json};
use sqlx::{Row, postgres::PgRow};
use uuid::Uuid;

use crate::dead_letters;

/// An answer of the database, on its way.
type Asked<T> = BoxFuture<'static, Result<T, StoreError>>;

/// Lists open letters, the newest first: so many, those after the one that is named. What was told and the
/// words of the fault are left out.
pub fn list(db: Db) -> impl Fn(u16, Option<(Timestamp, Uuid)>) -> Asked<Vec<Value>> {
    move |most, after| {
        let db = db.clone();
        async move {
            let letters = sqlx::query(
                "SELECT id, consumer, source, key, seq, type, event_id, code, attempts, at, redriven_at
                   FROM dead_letter
                  WHERE settled_at IS NULL
                    AND ($1::timestamptz IS NULL OR (at, id) < ($1, $2))
                  ORDER BY at DESC, id DESC
                  LIMIT $3",
            )
            .bind(after.map(|(at, _)| at.to_sqlx()))
            .bind(after.map(|(_, id)| id))
            .bind(i64::from(most))
            .fetch_all(&mut *db.acquire().await?)
            .await?;
            Ok(letters.iter().map(shown).collect::<sqlx::Result<_>>()?)
        }
        .boxed()
    }
}

/// Asks for a letter to be tried again; whether it was open.
pub fn redrive(db: Db) -> impl Fn(Uuid) -> Asked<bool> {
    move |letter| {
        let db = db.clone();
        async move {
            let asked = dead_letters::redrive(&mut *db.acquire().await?, &[letter]).await?;
            Ok(asked == 1)
        }
        .boxed()
    }
}

fn shown(row: &PgRow) -> sqlx::Result<Value> {
    let time = |name| row.try_get::<Option<jiff_sqlx::Timestamp>, _>(name);
    let mut letter = json!({
        "id": row.try_get::<Uuid, _>("id")?,
        "consumer": row.try_get::<String, _>("consumer")?,
        "source": row.try_get::<String, _>("source")?,
        "key": row.try_get::<String, _>("key")?,
        "seq": row.try_get::<i64, _>("seq")?,
        "type": row.try_get::<String, _>("type")?,
        "event_id": row.try_get::<Uuid, _>("event_id")?,
        "code": row.try_get::<String, _>("code")?,
        "attempts": row.try_get::<i32, _>("attempts")?,
        "at": time("at")?.map(jiff_sqlx::Timestamp::to_jiff),
    });
    if let (Some(at), Value::Object(letter)) = (time("redriven_at")?, &mut letter) {
        letter.insert("redriven_at".to_owned(), json!(at.to_jiff()));
    }
    Ok(letter)
}

#[cfg(test)]
mod live {
    use sqlx::PgPool;

    use super::*;

    async fn a_letter(pool: &PgPool, n: u128, at: &str, settled: bool) {
        sqlx::query(
            "INSERT INTO dead_letter (id, consumer, source, key, seq, type, event_id, code, detail,
                                      attempts, headers, body, at, settled_at)
             VALUES ($1, 'fleet', 'orders', 'key', 1, 'com.cloudeats.orders.order_confirmed.v1', $1,
                     'unreadable-event', 'the card is 4111', 5, '{}', 'secret', $2::timestamptz,
                     CASE WHEN $3 THEN now() END)",
        )
        .bind(Uuid::from_u128(n))
        .bind(at)
        .bind(settled)
        .execute(pool)
        .await
        .unwrap();
    }

    fn ids(letters: &[Value]) -> Vec<Uuid> {
        letters.iter().map(|letter| letter["id"].as_str().unwrap().parse().unwrap()).collect()
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn open_letters_are_listed_newest_first_and_page_by_page(pool: PgPool) {
        let noon = "2026-11-21T12:00:00Z";
        for (n, settled) in [(1, false), (2, false), (3, true), (4, false)] {
            a_letter(&pool, n, noon, settled).await;
        }
        a_letter(&pool, 9, "2026-11-21T11:00:00Z", false).await;
        let list = list(Db::from_pool(pool));

        let first = list(2, None).await.unwrap();
        let after = (noon.parse().unwrap(), Uuid::from_u128(2));
        let second = list(2, Some(after)).await.unwrap();

        assert_eq!(ids(&first), [4, 2].map(Uuid::from_u128));
        assert_eq!(ids(&second), [1, 9].map(Uuid::from_u128));
        let words = first[0].to_string();
        assert!(!words.contains("4111") && !words.contains("secret"), "{words}");
        assert_eq!((&first[0]["attempts"], &first[0]["redriven_at"]), (&json!(5), &Value::Null));
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn only_what_is_open_is_tried_again(pool: PgPool) {
        a_letter(&pool, 1, "2026-11-21T12:00:00Z", false).await;
        a_letter(&pool, 2, "2026-11-21T12:00:00Z", true).await;
        let db = Db::from_pool(pool);
        let redrive = redrive(db.clone());

        assert!(redrive(Uuid::from_u128(1)).await.unwrap());
        assert!(!redrive(Uuid::from_u128(2)).await.unwrap());
        assert!(!redrive(Uuid::from_u128(3)).await.unwrap());

        let letters = list(db)(5, None).await.unwrap();
        assert!(letters[0]["redriven_at"].is_string());
    }
}
