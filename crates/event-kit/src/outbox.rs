//! Facts waiting to be told.

use common::{
    mutants,
    types::{Clock, Event, SystemClock},
};
use postgres_kit::{PgConnection, StoreError};
use sqlx::types::{Json, Uuid};

use crate::{log::number_of, partition_of, relay::untimely, source_of, trace};

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

/// The same for many: the rows of the keys are locked in sorted order, each once.
const STAGE_TOLD: &str = "
    WITH fact AS MATERIALIZED (
        SELECT f.*, row_number() OVER (PARTITION BY key ORDER BY n) AS place,
               count(1) OVER (PARTITION BY key) AS size
          FROM unnest($1::uuid[], $2::text[], $3::text[], $4::smallint[], $5::text[], $6::text[], $7::text[],
                      $8::uuid[], $9::uuid[], $10::text[])
               WITH ORDINALITY AS f (event_id, source, key, part, type, payload, cell, correlation, causation,
                                     trace, n)
    ), ends AS (
        INSERT INTO event_sequence AS s (key, seq)
        SELECT key, size
          FROM fact
         WHERE place = 1
         ORDER BY key
            ON CONFLICT (key) DO UPDATE SET seq = s.seq + excluded.seq
        RETURNING key, seq
    )
    INSERT INTO outbox (event_id, source, key, seq, part, type, payload, cell, correlation, causation, trace)
    SELECT f.event_id, f.source, f.key, e.seq - f.size + f.place, f.part, f.type, f.payload::jsonb, f.cell,
           f.correlation, f.causation, f.trace
      FROM fact f
      JOIN ends e USING (key)
     ORDER BY f.n";

/// Stages a fact in the caller's transaction; the relay tells it after the commit. The event id is drawn
/// here, once. A fact of more than 64 KB as JSON violates `outbox_payload_size`.
///
/// Several facts of one transaction: [`stage_all`], and of different kinds [`stage_told`].
///
/// # Errors
/// The database refused or did not answer.
pub async fn stage<E: Event>(tx: &mut PgConnection, fact: &E) -> Result<(), StoreError> {
    let (id, key) = (SystemClock.new_id(), fact.key());
    let part = number_of(partition_of(&key));
    sqlx::query(STAGE)
        .bind(id)
        .bind(source_of(E::TYPE))
        .bind(key)
        .bind(part)
        .bind(E::TYPE)
        .bind(Json(fact))
        .bind(fact.cell().map(common::types::Cell::as_str))
        .bind(fact.order().map(common::types::OrderId::as_uuid))
        .bind(trace::cause())
        .bind(trace::parent_of_current_span())
        .execute(&mut *tx)
        .await?;
    if mutants::on("publish_before_commit") {
        untimely::tell(tx, id, part).await?;
    }
    Ok(())
}

/// Stages facts of one kind in one statement, sorted by key, so that two transactions never wait for each
/// other's keys; facts about one key keep the order given.
///
/// # Errors
/// The database refused or did not answer.
pub async fn stage_all<E: Event>(
    tx: &mut PgConnection,
    facts: impl IntoIterator<Item = E>,
) -> Result<(), StoreError> {
    let facts: Result<Vec<Told>, StoreError> =
        facts.into_iter().map(|fact| Told::new(&fact)).collect();
    stage_told(tx, &facts?).await
}

/// A fact of any kind that is to be staged together with others. It belongs to the trace in which it was
/// made.
#[derive(Debug)]
pub struct Told {
    id: Uuid,
    source: String,
    key: String,
    part: i16,
    kind: &'static str,
    payload: String,
    cell: Option<String>,
    order: Option<Uuid>,
    cause: Option<Uuid>,
    trace: Option<String>,
}

impl Told {
    /// Makes it ready; nothing is stored yet.
    ///
    /// # Errors
    /// The fact cannot be written as JSON.
    pub fn new<E: Event>(fact: &E) -> Result<Self, StoreError> {
        let payload = serde_json::to_string(fact);
        let key = fact.key();
        Ok(Self {
            id: SystemClock.new_id(),
            source: source_of(E::TYPE).to_owned(),
            part: number_of(partition_of(&key)),
            key,
            kind: E::TYPE,
            payload: payload.map_err(|error| sqlx::Error::Encode(error.into()))?,
            cell: fact.cell().map(|cell| cell.as_str().to_owned()),
            order: fact.order().map(common::types::OrderId::as_uuid),
            cause: trace::cause(),
            trace: trace::parent_of_current_span(),
        })
    }
}

/// Stages facts of any kind in one statement, as [`stage_all`] does.
///
/// # Errors
/// The database refused or did not answer.
pub async fn stage_told(tx: &mut PgConnection, facts: &[Told]) -> Result<(), StoreError> {
    if facts.is_empty() {
        return Ok(());
    }
    sqlx::query(STAGE_TOLD)
        .bind(facts.iter().map(|fact| fact.id).collect::<Vec<_>>())
        .bind(facts.iter().map(|fact| fact.source.as_str()).collect::<Vec<_>>())
        .bind(facts.iter().map(|fact| fact.key.as_str()).collect::<Vec<_>>())
        .bind(facts.iter().map(|fact| fact.part).collect::<Vec<_>>())
        .bind(facts.iter().map(|fact| fact.kind).collect::<Vec<_>>())
        .bind(facts.iter().map(|fact| fact.payload.as_str()).collect::<Vec<_>>())
        .bind(facts.iter().map(|fact| fact.cell.as_deref()).collect::<Vec<_>>())
        .bind(facts.iter().map(|fact| fact.order).collect::<Vec<_>>())
        .bind(facts.iter().map(|fact| fact.cause).collect::<Vec<_>>())
        .bind(facts.iter().map(|fact| fact.trace.as_deref()).collect::<Vec<_>>())
        .execute(&mut *tx)
        .await?;
    if mutants::on("publish_before_commit") {
        for fact in facts {
            untimely::tell(tx, fact.id, fact.part).await?;
        }
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

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn facts_of_one_key_that_are_told_together_keep_their_order(pool: PgPool) {
        let db = Db::from_pool(pool.clone());
        for _ in 0..2 {
            let facts = ["b", "a", "b", "b"].map(|key| Told::new(&Rung(key.to_owned())).unwrap());
            let ids = facts.each_ref().map(|fact| fact.id);
            let mut tx = db.begin().await.unwrap();
            stage_told(&mut tx, &facts).await.unwrap();
            tx.commit().await.unwrap();

            let staged: Vec<Uuid> = sqlx::query_scalar(
                "SELECT event_id FROM outbox WHERE event_id = ANY ($1) AND key = 'b' ORDER BY seq",
            )
            .bind(ids)
            .fetch_all(&pool)
            .await
            .unwrap();
            assert_eq!(staged, [ids[0], ids[2], ids[3]]);
        }
        let numbers: Vec<(String, i64)> =
            sqlx::query_as("SELECT key, seq FROM outbox ORDER BY key, seq")
                .fetch_all(&pool)
                .await
                .unwrap();
        let of = |key: &str, n: i64| (1..=n).map(|seq| (key.to_owned(), seq)).collect::<Vec<_>>();
        assert_eq!(numbers, [of("a", 2), of("b", 6)].concat());
    }
}
