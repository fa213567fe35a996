//! The grocer's shelves: things with stock of their own.

use common::types::{ItemId, StoreId};
use inventory_contract::http::{PutItem, Unit};

use super::cafe::text;
use super::stores::{Stocked, StoreSeed};

const OPENING: u32 = 60;
const LOW: u32 = 10;
const PICK_S: u16 = 12;

/// Slug, name and price.
type Thing = (&'static str, &'static str, u32);

#[rustfmt::skip]
const SHELVES: [(&str, &[Thing]); 5] = [
    ("Fruit and vegetables", &[
        ("bananas", "Bananas", 199), ("apples", "Apples", 349), ("lemons", "Lemons", 129), ("avocado", "Avocado", 179),
        ("tomatoes", "Tomatoes", 299), ("potatoes", "Potatoes", 329), ("onions", "Onions", 149), ("carrots", "Carrots", 159),
        ("spinach", "Spinach", 279), ("mushrooms", "Mushrooms", 319),
    ]),
    ("Dairy and eggs", &[
        ("whole-milk", "Whole milk", 219), ("butter", "Butter", 449), ("yoghurt", "Yoghurt", 139), ("cheddar", "Cheddar", 529),
        ("mozzarella", "Mozzarella", 399), ("cream", "Cream", 259), ("eggs", "Eggs, ten", 429),
    ]),
    ("Bread and breakfast", &[
        ("sourdough", "Sourdough loaf", 549), ("bagels", "Bagels", 389), ("oats", "Rolled oats", 269), ("granola", "Granola", 599),
        ("honey", "Honey", 649), ("jam", "Raspberry jam", 379),
    ]),
    ("Pantry", &[
        ("spaghetti", "Spaghetti", 189), ("rice", "Basmati rice", 429), ("lentils", "Red lentils", 249), ("chickpeas", "Chickpeas", 119),
        ("olive-oil", "Olive oil", 999), ("passata", "Passata", 199), ("flour", "Flour", 179), ("sugar", "Sugar", 169),
        ("salt", "Sea salt", 129), ("pepper", "Black pepper", 349), ("dark-chocolate", "Dark chocolate", 299),
    ]),
    ("Drinks and household", &[
        ("water", "Sparkling water", 99), ("orange-juice", "Orange juice", 399), ("green-tea", "Green tea", 459),
        ("dish-soap", "Dish soap", 279), ("paper-towels", "Paper towels", 499), ("candles", "Candles", 599),
    ]),
];

/// Everything on the shelves.
pub(super) fn items(store: &StoreSeed) -> Vec<Stocked> {
    let shelves = SHELVES.iter().flat_map(|(shelf, things)| {
        things.iter().map(move |(slug, name, price)| (*shelf, *slug, *name, *price))
    });
    shelves
        .map(|(shelf, slug, name, price_minor)| {
            let item = PutItem {
                store_id: StoreId::from_uuid(store.id()),
                item_id: Some(ItemId::from_uuid(store.item_id(slug))),
                slug: text(slug),
                name: text(name),
                description: text(""),
                category: text(shelf),
                price_minor,
                station: text("pick"),
                prep_s: PICK_S,
                allergens: Vec::new(),
                components: Vec::new(),
                options: Vec::new(),
                on_menu: true,
                low_at: LOW,
                unit: Unit::Pieces,
            };
            Stocked { item, opening: Some(OPENING) }
        })
        .collect()
}
