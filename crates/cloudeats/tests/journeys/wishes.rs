//! What is ordered, and where.

use cloudeats::seed::stores::{STORES, StoreSeed};
use serde_json::{Value, json};

pub(crate) const AT_THE_CAFE: (f64, f64) = (40.7290, -73.9870);
pub(crate) const ON_THE_WAY: (f64, f64) = (40.7300, -73.9860);
pub(crate) const DOOR: (f64, f64) = (40.7310, -73.9850);

/// The café in which everything happens.
pub(crate) fn cafe() -> &'static StoreSeed {
    STORES.iter().find(|store| store.slug == "cafe-east").unwrap()
}

/// So many of an item of the café's.
pub(crate) fn line(item: &str, quantity: i64) -> Value {
    json!({"item_id": cafe().item_id(item), "quantity": quantity})
}

/// An order for the counter.
pub(crate) fn pickup(lines: &[Value], method: &str) -> Value {
    json!({
        "store_id": cafe().id(),
        "fulfilment": "pickup",
        "lines": lines,
        "payment_method_id": method,
    })
}

/// An order for the door.
pub(crate) fn delivery(lines: &[Value]) -> Value {
    let mut order = pickup(lines, "pm_approved");
    order["fulfilment"] = json!("delivery");
    order["address"] = json!({"lat": DOOR.0, "lon": DOOR.1, "text": "2 Main Street"});
    order
}

/// The smallest order there is.
pub(crate) fn an_espresso(method: &str) -> Value {
    pickup(&[line("espresso", 1)], method)
}
