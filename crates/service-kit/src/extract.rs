//! What handlers take. Every rejection is a problem.

mod caller;
mod if_match;
mod json;
mod key;
mod page;
mod params;
mod strict;

pub use caller::{
    Admins, Allowed, Anyone, Caller, Couriers, Customers, Dispatchers, Managers, Operators,
    Services, Staff,
};
pub use if_match::IfMatch;
pub use json::ValidJson;
pub use key::{Key, Keyed};
pub use page::Page;
pub use params::{Path, Query};
