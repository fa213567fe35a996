//! The rules of stores, items, recipes, stock and holds, as they would be true on paper.

mod adjustment;
mod allocation;
mod cookbook;
mod item;
mod plain;
mod reservation;
mod store;
mod words;

pub(crate) use adjustment::{Change, Moved, Movement, MovementKind, SetStockRefused, Stock};
pub(crate) use allocation::{Survey, Verdict, Wanted, allocate};
pub(crate) use cookbook::{Cookbook, Line, NoRecipe, Portions, Recipe};
pub(crate) use item::{Choice, Component, InvalidItem, Item, ItemDraft, ItemNamed, Unit};
pub(crate) use plain::Plain;
pub(crate) use reservation::{Gone, Reservation, State, StockLine};
pub(crate) use store::{InvalidStore, Store, StoreDraft, StoreFixed, StoreNamed};
