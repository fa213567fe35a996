//! The `store` table.

use common::types::{Cell, Currency, GeoPoint, StoreId};
use jiff_sqlx::ToSqlx;
use postgres_kit::{PgConnection, StoreError};
use uuid::Uuid;

use super::cells::EPOCH;
use crate::domain::{Store, StoreDraft, StoreNamed};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT store_id, slug, name, partner_id, cell, currency, time_zone, lat, lon, open,
                    radius_m, delivery_fee_minor, order_min_minor, tax_bp, accepts_automatically,
                    version, catalogue, menu_version, created_at
               FROM store ",
            $rest
        )
    };
}

#[derive(sqlx::FromRow)]
struct StoreRow {
    store_id: Uuid,
    slug: String,
    name: String,
    partner_id: Uuid,
    cell: String,
    currency: String,
    time_zone: String,
    lat: f64,
    lon: f64,
    open: bool,
    radius_m: i64,
    delivery_fee_minor: i64,
    order_min_minor: i64,
    tax_bp: i64,
    accepts_automatically: bool,
    version: i64,
    catalogue: i64,
    menu_version: i64,
    created_at: jiff_sqlx::Timestamp,
}

/// Finds a store.
pub(crate) async fn find(
    db: &mut PgConnection,
    named: &StoreNamed,
) -> Result<Option<Store>, StoreError> {
    let question = match named {
        StoreNamed::Id(id) => sqlx::query_as(select!("WHERE store_id = $1")).bind(id.as_uuid()),
        StoreNamed::Slug(slug) => sqlx::query_as(select!("WHERE slug = $1")).bind(slug),
        StoreNamed::Default => {
            sqlx::query_as(select!("WHERE open ORDER BY created_at, store_id LIMIT 1"))
        }
    };
    let row: Option<StoreRow> = question.fetch_optional(db).await?;
    row.map(Store::try_from).transpose()
}

/// Finds a store and holds it, and with it its whole catalogue, until the transaction ends.
pub(crate) async fn lock(tx: &mut PgConnection, id: StoreId) -> Result<Option<Store>, StoreError> {
    let row: Option<StoreRow> = sqlx::query_as(select!("WHERE store_id = $1 FOR NO KEY UPDATE"))
        .bind(id.as_uuid())
        .fetch_optional(tx)
        .await?;
    row.map(Store::try_from).transpose()
}

/// Stores in the order in which they came, at most `limit`, after the one named.
pub(crate) async fn list(
    db: &mut PgConnection,
    after: Option<StoreId>,
    limit: i64,
) -> Result<Vec<Store>, StoreError> {
    let rows: Vec<StoreRow> = sqlx::query_as(select!(
        "WHERE $1::uuid IS NULL
            OR (created_at, store_id) > (SELECT l.created_at, l.store_id FROM store l WHERE l.store_id = $1)
         ORDER BY created_at, store_id
         LIMIT $2"
    ))
    .bind(after.map(StoreId::as_uuid))
    .bind(limit)
    .fetch_all(db)
    .await?;
    rows.into_iter().map(Store::try_from).collect()
}

/// Stores a new store; `false` where its id is taken.
pub(crate) async fn insert(tx: &mut PgConnection, store: &Store) -> Result<bool, StoreError> {
    let draft = &store.draft;
    let done = sqlx::query(
        "INSERT INTO store (store_id, slug, name, partner_id, cell, currency, time_zone, lat, lon, open,
                radius_m, delivery_fee_minor, order_min_minor, tax_bp, accepts_automatically,
                write_epoch, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
             ON CONFLICT (store_id) DO NOTHING",
    )
    .bind(store.id.as_uuid())
    .bind(&draft.slug)
    .bind(&draft.name)
    .bind(draft.partner_id)
    .bind(draft.cell.as_str())
    .bind(draft.currency.as_str())
    .bind(&draft.time_zone)
    .bind(draft.location.lat())
    .bind(draft.location.lon())
    .bind(draft.open)
    .bind(draft.radius_m)
    .bind(draft.delivery_fee_minor)
    .bind(draft.order_min_minor)
    .bind(draft.tax_bp)
    .bind(draft.accepts_automatically)
    .bind(EPOCH)
    .bind(store.since.to_sqlx())
    .execute(tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Stores a store that was locked and changed.
pub(crate) async fn update(tx: &mut PgConnection, store: &Store) -> Result<(), StoreError> {
    let draft = &store.draft;
    let done = sqlx::query(
        "UPDATE store
            SET slug = $2, name = $3, partner_id = $4, time_zone = $5, lat = $6, lon = $7, open = $8,
                radius_m = $9, delivery_fee_minor = $10, order_min_minor = $11, tax_bp = $12,
                accepts_automatically = $13, version = $14, write_epoch = $15
          WHERE store_id = $1 AND version = $14 - 1",
    )
    .bind(store.id.as_uuid())
    .bind(&draft.slug)
    .bind(&draft.name)
    .bind(draft.partner_id)
    .bind(&draft.time_zone)
    .bind(draft.location.lat())
    .bind(draft.location.lon())
    .bind(draft.open)
    .bind(draft.radius_m)
    .bind(draft.delivery_fee_minor)
    .bind(draft.order_min_minor)
    .bind(draft.tax_bp)
    .bind(draft.accepts_automatically)
    .bind(store.version)
    .bind(EPOCH)
    .execute(tx)
    .await?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(StoreError::Stale { table: "store" }) }
}

/// Makes remembered recipes of the store outdated.
pub(crate) async fn count_change(tx: &mut PgConnection, id: StoreId) -> Result<(), StoreError> {
    sqlx::query("UPDATE store SET catalogue = catalogue + 1 WHERE store_id = $1")
        .bind(id.as_uuid())
        .execute(tx)
        .await?;
    Ok(())
}

impl TryFrom<StoreRow> for Store {
    type Error = StoreError;

    fn try_from(row: StoreRow) -> Result<Self, StoreError> {
        let corrupt = || StoreError::Corrupt { table: "store", id: row.store_id.to_string() };
        let cell = Cell::parse(&row.cell).map_err(|_| corrupt())?;
        let currency = Currency::parse(&row.currency).map_err(|_| corrupt())?;
        let location = GeoPoint::new(row.lat, row.lon).map_err(|_| corrupt())?;
        Ok(Self {
            id: StoreId::from_uuid(row.store_id),
            version: row.version,
            catalogue: row.catalogue,
            menu_version: row.menu_version,
            since: row.created_at.to_jiff(),
            draft: StoreDraft {
                slug: row.slug,
                name: row.name,
                partner_id: row.partner_id,
                cell,
                currency,
                time_zone: row.time_zone,
                location,
                open: row.open,
                radius_m: row.radius_m,
                delivery_fee_minor: row.delivery_fee_minor,
                order_min_minor: row.order_min_minor,
                tax_bp: row.tax_bp,
                accepts_automatically: row.accepts_automatically,
            },
        })
    }
}
