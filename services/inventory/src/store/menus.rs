//! The `menu_version` table: what was published, and what is about to be.

use common::types::{Principal, StoreId, Timestamp};
use inventory_contract::catalogue::MenuDocument;
use jiff_sqlx::ToSqlx;
use postgres_kit::{PgConnection, StoreError};
use sqlx::types::Json;
use uuid::Uuid;

/// A version that was asked for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Prepared {
    pub(crate) store: StoreId,
    pub(crate) version: i64,
    pub(crate) document: MenuDocument,
    pub(crate) checksum: String,
    pub(crate) fingerprint: Vec<u8>,
    pub(crate) is_published: bool,
}

/// Finds what was prepared when the key was used before.
pub(crate) async fn asked(
    tx: &mut PgConnection,
    principal: &Principal,
    key: &str,
) -> Result<Option<Prepared>, StoreError> {
    type Row = (Uuid, i64, Json<MenuDocument>, String, Vec<u8>, bool);
    let row: Option<Row> = sqlx::query_as(
        "SELECT store_id, menu_version, document, checksum, fingerprint, published_at IS NOT NULL
           FROM menu_version
          WHERE asked_by = $1 AND asked_key = $2",
    )
    .bind(principal.id)
    .bind(key)
    .fetch_optional(tx)
    .await?;
    let prepared = |(store, version, Json(document), checksum, fingerprint, is_published): Row| {
        let store = StoreId::from_uuid(store);
        Prepared { store, version, document, checksum, fingerprint, is_published }
    };
    Ok(row.map(prepared))
}

/// Prepares the next version of a store that was locked, and returns its number.
pub(crate) async fn prepare(
    tx: &mut PgConnection,
    prepared: &Prepared,
    principal: &Principal,
    key: &str,
    now: Timestamp,
) -> Result<i64, StoreError> {
    let version = sqlx::query_scalar(
        "INSERT INTO menu_version (store_id, menu_version, document, checksum, asked_by, asked_key,
                fingerprint, prepared_at)
         SELECT $1, coalesce(max(menu_version), 0) + 1, $2, $3, $4, $5, $6, $7
           FROM menu_version
          WHERE store_id = $1
         RETURNING menu_version",
    )
    .bind(prepared.store.as_uuid())
    .bind(Json(&prepared.document))
    .bind(&prepared.checksum)
    .bind(principal.id)
    .bind(key)
    .bind(&prepared.fingerprint)
    .bind(now.to_sqlx())
    .fetch_one(tx)
    .await?;
    Ok(version)
}

/// Makes a prepared version the menu of a store that was locked. `false`: it is not newer than the menu.
pub(crate) async fn publish(
    tx: &mut PgConnection,
    prepared: &Prepared,
    now: Timestamp,
) -> Result<bool, StoreError> {
    sqlx::query(
        "UPDATE menu_version
            SET published_at = coalesce(published_at, $3)
          WHERE store_id = $1 AND menu_version = $2",
    )
    .bind(prepared.store.as_uuid())
    .bind(prepared.version)
    .bind(now.to_sqlx())
    .execute(&mut *tx)
    .await?;
    let done =
        sqlx::query("UPDATE store SET menu_version = $2 WHERE store_id = $1 AND menu_version < $2")
            .bind(prepared.store.as_uuid())
            .bind(prepared.version)
            .execute(tx)
            .await?;
    Ok(done.rows_affected() == 1)
}

/// The checksum of a version.
pub(crate) async fn find_checksum(
    db: &mut PgConnection,
    store: StoreId,
    version: i64,
) -> Result<Option<String>, StoreError> {
    let question = "SELECT checksum FROM menu_version WHERE store_id = $1 AND menu_version = $2";
    let checksum =
        sqlx::query_scalar(question).bind(store.as_uuid()).bind(version).fetch_optional(db).await?;
    Ok(checksum)
}

/// A version, word for word.
pub(crate) async fn find(
    db: &mut PgConnection,
    store: StoreId,
    version: i64,
) -> Result<Option<MenuDocument>, StoreError> {
    let question = "SELECT document FROM menu_version WHERE store_id = $1 AND menu_version = $2";
    let document: Option<Json<MenuDocument>> =
        sqlx::query_scalar(question).bind(store.as_uuid()).bind(version).fetch_optional(db).await?;
    Ok(document.map(|Json(document)| document))
}
