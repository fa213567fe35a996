//! Facts waiting to be told.

use common::types::{Clock, Event, SystemClock};
use postgres_kit::{PgConnection, StoreError};
use sqlx::types::Json;

use crate::{log::number_of, partition_of, source_of, trace};

/// Draws the number of the fact under the row lock of its key, so that numbers are dense and ordered by
/// commit, and stores both. NOTIFY would be free of charge here and dear at the commit, where it holds
/// one lock for all databases; the relay is woken by the commit instead.
const STAGE: &str = "
    WITH place AS (
        INSERT INTO event_sequence AS s (key, seq)
        VALUES ($3, 1)
            ON CONFLICT (key) DO UPDATE SET seq = s.seq + 1
        RETURNING seq
    )
    INSERT INTO outbox (event_id, source, key, seq, part, type, payload, cell, correlation, causation, trace)
    SELECT $1, $2, $3, place.seq, $4, $5, $6, $7, $8, $9, $10
      FROM place";

/// Stages a fact in the caller's transaction; the relay tells it after the commit. The event id is drawn
/// here, once. A fact of more than 64 KB as JSON violates `outbox_payload_size`.
///
/// Several facts of one transaction about different keys: [`stage_all`].
///
/// # Errors
/// The database refused or did not answer.
pub async fn stage<E: Event>(tx: &mut PgConnection, fact: &E) -> Result<(), StoreError> {
    let key = fact.key();
    let part = number_of(partition_of(&key));
    sqlx::query(STAGE)
        .bind(SystemClock.new_id())
        .bind(source_of(E::TYPE))
        .bind(key)
        .bind(part)
        .bind(E::TYPE)
        .bind(Json(fact))
        .bind(fact.cell().map(common::types::Cell::as_str))
        .bind(fact.order().map(common::types::OrderId::as_uuid))
        .bind(trace::cause())
        .bind(trace::parent_of_current_span())
        .execute(tx)
        .await?;
    Ok(())
}

/// Stages facts sorted by key, so that two transactions never wait for each other's keys; facts about
/// one key keep the order given.
///
/// # Errors
/// The database refused or did not answer.
pub async fn stage_all<E: Event>(
    tx: &mut PgConnection,
    facts: impl IntoIterator<Item = E>,
) -> Result<(), StoreError> {
    let mut facts: Vec<E> = facts.into_iter().collect();
    facts.sort_by_cached_key(Event::key);
    for fact in &facts {
        stage(tx, fact).await?;
    }
    Ok(())
}

#[cfg(test)]
mod live {
    use postgres_kit::Db;
    use serde::{Deserialize, Serialize};
    use sqlx::PgPool;

    use super::*;

    #[derive(Debug, Clone, Serialize, Deserialize)]
    struct Rung(String);

    impl Event for Rung {
        const TYPE: &'static str = "com.cloudeats.tower.rung.v1";

        fn key(&self) -> String {
            self.0.clone()
        }
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn numbers_are_dense_however_many_tell_and_give_up(pool: PgPool) {
        let db = Db::from_pool(pool.clone());
        let tell = async |n: i32| {
            let mut tx = db.begin().await.unwrap();
            stage(&mut tx, &Rung("bell".to_owned())).await.unwrap();
            if n % 3 == 0 { tx.rollback().await } else { tx.commit().await.unwrap() }
        };
        for _ in 0..10 {
            futures::future::join_all((0..6).map(tell)).await;
        }

        let numbers: Vec<i64> = sqlx::query_scalar("SELECT seq FROM outbox ORDER BY seq")
            .fetch_all(&pool)
            .await
            .unwrap();
        assert_eq!(numbers, (1..=40).collect::<Vec<_>>());
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn many_keys_in_any_order_never_lock_each_other_out(pool: PgPool) {
        let db = Db::from_pool(pool.clone());
        let keys: Vec<String> = (0..20).map(|n| n.to_string()).collect();
        let tell = async |reversed: bool| {
            let mut facts: Vec<Rung> = keys.iter().cloned().map(Rung).collect();
            if reversed {
                facts.reverse();
            }
            let mut tx = db.begin().await.unwrap();
            stage_all(&mut tx, facts).await.unwrap();
            tx.commit().await.unwrap();
        };
        for _ in 0..5 {
            futures::future::join(tell(false), tell(true)).await;
        }

        let told: i64 =
            sqlx::query_scalar("SELECT count(1) FROM outbox").fetch_one(&pool).await.unwrap();
        assert_eq!(told, 200);
    }
}
