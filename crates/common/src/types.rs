//! Ids, money, places, time, principals, faults and events.

mod cell;
mod clock;
mod event;
mod fault;
mod geo;
mod id;
mod money;
mod principal;
mod quantity;
mod text;

pub use cell::{Cell, CellError};
pub use clock::{Clock, SystemClock};
pub use event::Event;
pub use fault::{Class, Fault};
pub use geo::{GeoError, GeoPoint};
pub use id::{
    CartId, CourierId, CustomerId, DeliveryId, ItemId, NotificationId, OrderId, PaymentId, StoreId,
    TicketId, UserId, VehicleId,
};
pub use jiff::Timestamp;
pub use money::{Currency, Money, MoneyError};
pub use principal::{Principal, Role};
pub use quantity::{Quantity, QuantityError};
pub use text::{Text, TextError};
