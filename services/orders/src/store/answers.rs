//! The `idempotency` table: what was said the first time a key was used.

use common::{mutants, types::OrderId};
use postgres_kit::{PgConnection, StoreError};
use service_kit::{Key, Stored};
use uuid::Uuid;

/// The route under which keys that place orders count, whichever door they came through.
pub(crate) const PLACE: &str = "POST /v1/orders";

/// Where a key counts: one principal and one route.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub(crate) principal: Uuid,
    pub(crate) route: &'a str,
}

/// What became of a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Claim {
    /// Nobody had used the key: go on and commit.
    First,
    /// The same request had: this is what it was told.
    Again(Stored),
    /// Another request had.
    Reused,
}

/// Claims a key with the answer that holds until the decision. A twin waits on the index for the other
/// to commit, at most for `lock_timeout`; then it is told so by [`is_held`](super::is_held).
pub(crate) async fn claim(
    tx: &mut PgConnection,
    scope: Scope<'_>,
    key: &Key,
    order: OrderId,
    pending: &Stored,
) -> Result<Claim, StoreError> {
    let claimed = sqlx::query(
        "INSERT INTO idempotency (principal, route, key, fingerprint, order_id, status, body)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT DO NOTHING",
    )
    .bind(scope.principal)
    .bind(scope.route)
    .bind(&key.text)
    .bind(key.fingerprint.as_slice())
    .bind(order.as_uuid())
    .bind(i16::try_from(pending.status).unwrap_or(202))
    .bind(&pending.body)
    .execute(&mut *tx)
    .await?;
    if claimed.rows_affected() == 1 {
        return Ok(Claim::First);
    }
    Ok(find(tx, scope, key).await?.unwrap_or(Claim::First))
}

/// What was said to an earlier use of the key.
pub(crate) async fn find(
    db: &mut PgConnection,
    scope: Scope<'_>,
    key: &Key,
) -> Result<Option<Claim>, StoreError> {
    let row: Option<(Vec<u8>, Uuid, i16, Vec<u8>)> = sqlx::query_as(
        "SELECT fingerprint, order_id, status, body
           FROM idempotency
          WHERE principal = $1 AND route = $2 AND key = $3",
    )
    .bind(scope.principal)
    .bind(scope.route)
    .bind(&key.text)
    .fetch_optional(db)
    .await?;
    Ok(row.map(|(fingerprint, order, status, body)| {
        if fingerprint == key.fingerprint || mutants::on("no_fingerprint") {
            Claim::Again(Stored { replayed: true, ..stored(order, status, body) })
        } else {
            Claim::Reused
        }
    }))
}

fn stored(order: Uuid, status: i16, body: Vec<u8>) -> Stored {
    let status = u16::try_from(status).unwrap_or(500);
    let location = (status < 300).then(|| format!("/v1/orders/{order}"));
    Stored { status, body, location, replayed: false }
}

/// Keeps the answer under a key that this transaction has claimed before it knew what to say.
pub(crate) async fn fill(
    tx: &mut PgConnection,
    scope: Scope<'_>,
    key: &Key,
    answer: &Stored,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE idempotency
            SET status = $4, body = $5
          WHERE principal = $1 AND route = $2 AND key = $3",
    )
    .bind(scope.principal)
    .bind(scope.route)
    .bind(&key.text)
    .bind(i16::try_from(answer.status).unwrap_or(500))
    .bind(&answer.body)
    .execute(tx)
    .await?;
    Ok(())
}

/// Keeps the decision as the answer to every later use of the key that placed the order.
pub(crate) async fn update(
    tx: &mut PgConnection,
    order: OrderId,
    decided: &Stored,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE idempotency
            SET status = $2, body = $3
          WHERE order_id = $1 AND status = 202 AND route = $4",
    )
    .bind(order.as_uuid())
    .bind(i16::try_from(decided.status).unwrap_or(500))
    .bind(&decided.body)
    .bind(PLACE)
    .execute(tx)
    .await?;
    Ok(())
}

/// Forgets keys that nobody will use again; answers how many.
pub(crate) async fn delete_old(db: &mut PgConnection, hours: f64) -> Result<u64, StoreError> {
    let done = sqlx::query(
        "DELETE FROM idempotency
          WHERE ctid = ANY (ARRAY(
              SELECT ctid
                FROM idempotency
               WHERE created_at < now() - $1 * interval '1 h'
               LIMIT 1000))",
    )
    .bind(hours)
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}
