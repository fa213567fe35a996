//! Other services, in our words.

mod orders;

pub use orders::Orders;
pub(crate) use orders::Standing;
