//! The `menu_snapshot` table: the newest published menu of each store.

use std::collections::HashMap;

use common::types::StoreId;
use inventory_contract::catalogue::{MenuDocument, PublishedItem, StoreTerms as PublishedTerms};
use postgres_kit::{PgConnection, StoreError};
use sqlx::types::Json;
use uuid::Uuid;

use crate::domain::{Menu, MenuItem, MenuOption, StoreTerms};

/// Keeps a published menu unless a newer one is there, and opens its cell for writing.
pub(crate) async fn keep(
    tx: &mut PgConnection,
    version: i64,
    menu: &MenuDocument,
) -> Result<(), StoreError> {
    let MenuDocument { terms, items } = menu;
    sqlx::query("INSERT INTO cell_fence (cell, epoch) VALUES ($1, 1) ON CONFLICT DO NOTHING")
        .bind(terms.cell.as_str())
        .execute(&mut *tx)
        .await?;
    sqlx::query(
        "INSERT INTO menu_snapshot AS s (store_id, cell, menu_version, terms, items)
         VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (store_id) DO UPDATE
            SET menu_version = excluded.menu_version, terms = excluded.terms, items = excluded.items,
                taken_at = now()
          WHERE s.menu_version < excluded.menu_version",
    )
    .bind(terms.store_id.as_uuid())
    .bind(terms.cell.as_str())
    .bind(version)
    .bind(Json(terms))
    .bind(Json(items))
    .execute(tx)
    .await?;
    Ok(())
}

/// Finds a store's menu.
pub(crate) async fn find(
    db: &mut PgConnection,
    store: StoreId,
) -> Result<Option<Menu>, StoreError> {
    let row: Option<(i64, Json<PublishedTerms>, Json<Vec<PublishedItem>>)> = sqlx::query_as(
        "SELECT menu_version, terms, items
           FROM menu_snapshot
          WHERE store_id = $1",
    )
    .bind(store.as_uuid())
    .fetch_optional(db)
    .await?;
    Ok(row.map(|(version, terms, items)| Menu {
        version,
        terms: from_published(terms.0),
        items: items
            .0
            .into_iter()
            .map(|item| (item.item_id, item_of(item)))
            .collect::<HashMap<_, _>>(),
    }))
}

/// The version of every store's menu.
pub(crate) async fn list_versions(
    db: &mut PgConnection,
) -> Result<HashMap<StoreId, i64>, StoreError> {
    let rows: Vec<(Uuid, i64)> =
        sqlx::query_as("SELECT store_id, menu_version FROM menu_snapshot").fetch_all(db).await?;
    Ok(rows.into_iter().map(|(store, version)| (StoreId::from_uuid(store), version)).collect())
}

/// The store that old clients mean, who know only one: the oldest that is open.
pub(crate) async fn find_default_store(
    db: &mut PgConnection,
) -> Result<Option<StoreId>, StoreError> {
    let row: Option<Uuid> = sqlx::query_scalar(
        "SELECT store_id
           FROM menu_snapshot
          ORDER BY (terms->>'open')::boolean DESC, (terms->>'since')::timestamptz, store_id
          LIMIT 1",
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(StoreId::from_uuid))
}

fn from_published(terms: PublishedTerms) -> StoreTerms {
    StoreTerms {
        name: terms.name,
        cell: terms.cell,
        currency: terms.currency,
        location: terms.location,
        open: terms.open,
        radius_m: terms.radius_m,
        delivery_fee_minor: terms.delivery_fee_minor,
        order_min_minor: terms.order_min_minor,
        tax_bp: terms.tax_bp,
        accepts_automatically: terms.accepts_automatically,
    }
}

fn item_of(item: PublishedItem) -> MenuItem {
    let options = item.options.into_iter().map(|option| MenuOption {
        slug: option.slug,
        price_minor: option.price_minor,
        adds_allergens: option.adds_allergens,
        removes_allergens: option.removes_allergens,
    });
    MenuItem {
        item: item.item_id,
        name: item.name,
        price_minor: item.price_minor,
        station: item.station,
        prep_s: item.prep_s,
        allergens: item.allergens,
        options: options.collect(),
    }
}
