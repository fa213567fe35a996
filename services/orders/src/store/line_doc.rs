//! Lines and addresses as they lie in JSON columns.

use common::types::{GeoPoint, ItemId, Quantity};
use serde::{Deserialize, Serialize};

use crate::domain::{Address, Line};

/// A line of an order or a ticket.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct LineDoc {
    item_id: ItemId,
    name: String,
    quantity: Quantity,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    options: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    unit_minor: i64,
    total_minor: i64,
    station: String,
    prep_s: i64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    allergens: Vec<String>,
}

/// Where a delivery goes.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct AddressDoc {
    place: GeoPoint,
    text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    instructions: Option<String>,
}

impl From<&Line> for LineDoc {
    fn from(line: &Line) -> Self {
        Self {
            item_id: line.item,
            name: line.name.clone(),
            quantity: line.quantity,
            options: line.options.clone(),
            note: line.note.clone(),
            unit_minor: line.unit_minor,
            total_minor: line.total_minor,
            station: line.station.clone(),
            prep_s: line.prep_s,
            allergens: line.allergens.clone(),
        }
    }
}

impl From<LineDoc> for Line {
    fn from(doc: LineDoc) -> Self {
        Self {
            item: doc.item_id,
            name: doc.name,
            quantity: doc.quantity,
            options: doc.options,
            note: doc.note,
            unit_minor: doc.unit_minor,
            total_minor: doc.total_minor,
            station: doc.station,
            prep_s: doc.prep_s,
            allergens: doc.allergens,
        }
    }
}

impl From<&Address> for AddressDoc {
    fn from(address: &Address) -> Self {
        let Address { place, text, instructions } = address.clone();
        Self { place, text, instructions }
    }
}

impl From<AddressDoc> for Address {
    fn from(doc: AddressDoc) -> Self {
        Self { place: doc.place, text: doc.text, instructions: doc.instructions }
    }
}
