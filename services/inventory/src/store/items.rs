//! The `item` and `item_component` tables.

use std::collections::HashMap;

use common::types::{Cell, ItemId, StoreId, Timestamp};
use jiff_sqlx::ToSqlx;
use postgres_kit::{PgConnection, StoreError};
use serde::{Deserialize, Serialize};
use sqlx::types::Json;
use uuid::Uuid;

use super::cells::EPOCH;
use crate::domain::{Choice, Component, Cookbook, Item, ItemDraft, ItemNamed, Recipe, Unit};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT i.item_id, i.store_id, i.slug, i.name, i.description, i.category, i.price_minor,
                    i.station, i.prep_s, i.allergens, i.options, i.on_menu, i.low_at, i.unit, i.version,
                    array(SELECT c.component_id FROM item_component c
                           WHERE c.item_id = i.item_id ORDER BY c.component_id) AS components,
                    array(SELECT c.amount FROM item_component c
                           WHERE c.item_id = i.item_id ORDER BY c.component_id) AS amounts
               FROM item i ",
            $rest
        )
    };
}

#[derive(sqlx::FromRow)]
struct ItemRow {
    item_id: Uuid,
    store_id: Uuid,
    slug: String,
    name: String,
    description: String,
    category: String,
    price_minor: i64,
    station: String,
    prep_s: i64,
    allergens: Vec<String>,
    options: Json<Vec<ChoiceRow>>,
    on_menu: bool,
    low_at: i64,
    unit: String,
    version: i64,
    components: Vec<Uuid>,
    amounts: Vec<i64>,
}

#[derive(Serialize, Deserialize)]
struct ChoiceRow {
    slug: String,
    name: String,
    price_minor: i64,
    adds: Vec<(Uuid, i64)>,
    removes: Vec<Uuid>,
    replaces: Option<(Uuid, Uuid)>,
    adds_allergens: Vec<String>,
    removes_allergens: Vec<String>,
}

/// Finds an item of a store.
pub(crate) async fn find(
    db: &mut PgConnection,
    store: StoreId,
    named: &ItemNamed,
) -> Result<Option<Item>, StoreError> {
    let question = match named {
        ItemNamed::Id(id) => sqlx::query_as(select!("WHERE i.store_id = $1 AND i.item_id = $2"))
            .bind(store.as_uuid())
            .bind(id.as_uuid()),
        ItemNamed::Slug(slug) => sqlx::query_as(select!("WHERE i.store_id = $1 AND i.slug = $2"))
            .bind(store.as_uuid())
            .bind(slug),
    };
    let row: Option<ItemRow> = question.fetch_optional(db).await?;
    row.map(Item::try_from).transpose()
}

/// The store on whose menu an item stands, or would stand.
pub(crate) async fn store_of(
    db: &mut PgConnection,
    item: ItemId,
) -> Result<Option<StoreId>, StoreError> {
    let store: Option<Uuid> = sqlx::query_scalar("SELECT store_id FROM item WHERE item_id = $1")
        .bind(item.as_uuid())
        .fetch_optional(db)
        .await?;
    Ok(store.map(StoreId::from_uuid))
}

/// What stands on the menu of a store, in the order in which it came.
pub(crate) async fn list_menu(
    tx: &mut PgConnection,
    store: StoreId,
) -> Result<Vec<Item>, StoreError> {
    let rows: Vec<ItemRow> = sqlx::query_as(select!(
        "WHERE i.store_id = $1 AND i.on_menu ORDER BY i.created_at, i.item_id"
    ))
    .bind(store.as_uuid())
    .fetch_all(tx)
    .await?;
    rows.into_iter().map(Item::try_from).collect()
}

/// Everything that a store's items are made of, as of one moment.
pub(crate) async fn cookbook(
    db: &mut PgConnection,
    store: StoreId,
) -> Result<Option<Cookbook>, StoreError> {
    type Row =
        (String, i64, Option<Uuid>, Option<Json<Vec<ChoiceRow>>>, Option<i64>, Vec<Uuid>, Vec<i64>);
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT s.cell, s.catalogue, i.item_id, i.options, i.low_at,
                array(SELECT c.component_id FROM item_component c
                       WHERE c.item_id = i.item_id ORDER BY c.component_id),
                array(SELECT c.amount FROM item_component c
                       WHERE c.item_id = i.item_id ORDER BY c.component_id)
           FROM store s
           LEFT JOIN item i USING (store_id)
          WHERE s.store_id = $1",
    )
    .bind(store.as_uuid())
    .fetch_all(db)
    .await?;
    let Some((cell, catalogue, ..)) = rows.first() else { return Ok(None) };
    let corrupt = |_| StoreError::Corrupt { table: "store", id: store.to_string() };
    let (cell, catalogue) = (Cell::parse(cell).map_err(corrupt)?, *catalogue);

    let mut recipes = HashMap::with_capacity(rows.len());
    for (_, _, item, options, low_at, components, amounts) in rows {
        let (Some(item), Some(Json(options)), Some(low_at)) = (item, options, low_at) else {
            continue;
        };
        let options = options.into_iter().map(Choice::from).collect();
        let recipe = Recipe { components: parts(components, amounts), options, low_at };
        recipes.insert(ItemId::from_uuid(item), recipe);
    }
    Ok(Some(Cookbook { store, cell, catalogue, recipes }))
}

/// Stores a new item; `false` where its id is taken.
pub(crate) async fn insert(
    tx: &mut PgConnection,
    item: &Item,
    cell: &Cell,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let draft = &item.draft;
    let done = sqlx::query(
        "INSERT INTO item (item_id, store_id, cell, slug, name, description, category, price_minor,
                station, prep_s, allergens, options, on_menu, low_at, unit, write_epoch, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
             ON CONFLICT (item_id) DO NOTHING",
    )
    .bind(item.id.as_uuid())
    .bind(item.store.as_uuid())
    .bind(cell.as_str())
    .bind(&draft.slug)
    .bind(&draft.name)
    .bind(&draft.description)
    .bind(&draft.category)
    .bind(draft.price_minor)
    .bind(&draft.station)
    .bind(draft.prep_s)
    .bind(&draft.allergens)
    .bind(Json(rows(&draft.options)))
    .bind(draft.on_menu)
    .bind(draft.low_at)
    .bind(draft.unit.as_str())
    .bind(EPOCH)
    .bind(now.to_sqlx())
    .execute(&mut *tx)
    .await?;
    if done.rows_affected() == 0 {
        return Ok(false);
    }
    insert_components(tx, item).await?;
    Ok(true)
}

/// Stores an item that was changed under the lock of its store.
pub(crate) async fn update(tx: &mut PgConnection, item: &Item) -> Result<(), StoreError> {
    let draft = &item.draft;
    let done = sqlx::query(
        "UPDATE item
            SET slug = $2, name = $3, description = $4, category = $5, price_minor = $6, station = $7,
                prep_s = $8, allergens = $9, options = $10, on_menu = $11, low_at = $12, unit = $13,
                version = $14, write_epoch = $15
          WHERE item_id = $1 AND version = $14 - 1",
    )
    .bind(item.id.as_uuid())
    .bind(&draft.slug)
    .bind(&draft.name)
    .bind(&draft.description)
    .bind(&draft.category)
    .bind(draft.price_minor)
    .bind(&draft.station)
    .bind(draft.prep_s)
    .bind(&draft.allergens)
    .bind(Json(rows(&draft.options)))
    .bind(draft.on_menu)
    .bind(draft.low_at)
    .bind(draft.unit.as_str())
    .bind(item.version)
    .bind(EPOCH)
    .execute(&mut *tx)
    .await?;
    if done.rows_affected() == 0 {
        return Err(StoreError::Stale { table: "item" });
    }
    sqlx::query("DELETE FROM item_component WHERE item_id = $1")
        .bind(item.id.as_uuid())
        .execute(&mut *tx)
        .await?;
    insert_components(tx, item).await
}

async fn insert_components(tx: &mut PgConnection, item: &Item) -> Result<(), StoreError> {
    let components = &item.draft.components;
    if components.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = components.iter().map(|part| part.item.as_uuid()).collect();
    let amounts: Vec<i64> = components.iter().map(|part| part.amount).collect();
    sqlx::query(
        "INSERT INTO item_component (item_id, component_id, amount)
         SELECT $1, u.component_id, u.amount
           FROM unnest($2::uuid[], $3::bigint[]) u (component_id, amount)",
    )
    .bind(item.id.as_uuid())
    .bind(ids)
    .bind(amounts)
    .execute(tx)
    .await?;
    Ok(())
}

fn parts(components: Vec<Uuid>, amounts: Vec<i64>) -> Vec<Component> {
    let part = |(id, amount)| Component { item: ItemId::from_uuid(id), amount };
    components.into_iter().zip(amounts).map(part).collect()
}

fn rows(options: &[Choice]) -> Vec<ChoiceRow> {
    options.iter().map(ChoiceRow::from).collect()
}

impl TryFrom<ItemRow> for Item {
    type Error = StoreError;

    fn try_from(row: ItemRow) -> Result<Self, StoreError> {
        let corrupt = || StoreError::Corrupt { table: "item", id: row.item_id.to_string() };
        let unit = Unit::parse(&row.unit).ok_or_else(corrupt)?;
        Ok(Self {
            id: ItemId::from_uuid(row.item_id),
            store: StoreId::from_uuid(row.store_id),
            version: row.version,
            draft: ItemDraft {
                slug: row.slug,
                name: row.name,
                description: row.description,
                category: row.category,
                price_minor: row.price_minor,
                station: row.station,
                prep_s: row.prep_s,
                allergens: row.allergens,
                components: parts(row.components, row.amounts),
                options: row.options.0.into_iter().map(Choice::from).collect(),
                on_menu: row.on_menu,
                low_at: row.low_at,
                unit,
            },
        })
    }
}

impl From<ChoiceRow> for Choice {
    fn from(row: ChoiceRow) -> Self {
        let part = |(id, amount)| Component { item: ItemId::from_uuid(id), amount };
        Self {
            slug: row.slug,
            name: row.name,
            price_minor: row.price_minor,
            adds: row.adds.into_iter().map(part).collect(),
            removes: row.removes.into_iter().map(ItemId::from_uuid).collect(),
            replaces: row
                .replaces
                .map(|(old, new)| (ItemId::from_uuid(old), ItemId::from_uuid(new))),
            adds_allergens: row.adds_allergens,
            removes_allergens: row.removes_allergens,
        }
    }
}

impl From<&Choice> for ChoiceRow {
    fn from(choice: &Choice) -> Self {
        Self {
            slug: choice.slug.clone(),
            name: choice.name.clone(),
            price_minor: choice.price_minor,
            adds: choice.adds.iter().map(|part| (part.item.as_uuid(), part.amount)).collect(),
            removes: choice.removes.iter().map(|item| item.as_uuid()).collect(),
            replaces: choice.replaces.map(|(old, new)| (old.as_uuid(), new.as_uuid())),
            adds_allergens: choice.adds_allergens.clone(),
            removes_allergens: choice.removes_allergens.clone(),
        }
    }
}
