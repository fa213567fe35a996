//! Ids: UUIDs that cannot be mistaken for one another.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
        )]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps an id that was drawn, derived or stored.
            #[must_use]
            pub const fn from_uuid(id: Uuid) -> Self {
                Self(id)
            }

            /// The id as a database knows it.
            #[must_use]
            pub const fn as_uuid(self) -> Uuid {
                self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, uuid::Error> {
                Uuid::parse_str(text).map(Self)
            }
        }
    )+};
}

ids! {
    /// A person or machine with an account.
    UserId,
    /// A person who orders; the same UUID as the person's [`UserId`].
    CustomerId,
    /// A place that sells.
    StoreId,
    /// Something sold, or a component of it.
    ItemId,
    /// A cart.
    CartId,
    /// An order; `UUIDv5` of customer and idempotency key.
    OrderId,
    /// A kitchen ticket.
    TicketId,
    /// A payment; one for each order.
    PaymentId,
    /// A delivery.
    DeliveryId,
    /// A person who delivers; the same UUID as the person's [`UserId`].
    CourierId,
    /// A vehicle.
    VehicleId,
    /// A message in somebody's inbox.
    NotificationId,
}

impl OrderId {
    /// Derives the order that `customer` begins with `key`: the same key is always the same order,
    /// even where the table of keys is lost. `UUIDv5` (RFC 9562) over `customer/key`.
    #[must_use]
    pub fn derive(customer: CustomerId, key: &str) -> Self {
        const ORDERS: Uuid = Uuid::from_u128(0x6f64_6572_7300_4000_8000_636c_6f75_6465);
        Self(Uuid::new_v5(&ORDERS, format!("{customer}/{key}").as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_key_is_one_order_and_another_customer_has_another() {
        let (anna, ben) =
            (CustomerId::from_uuid(Uuid::from_u128(1)), CustomerId::from_uuid(Uuid::from_u128(2)));

        assert_eq!(OrderId::derive(anna, "k1"), OrderId::derive(anna, "k1"));
        assert_ne!(OrderId::derive(anna, "k1"), OrderId::derive(ben, "k1"));
        assert_ne!(OrderId::derive(anna, "k1"), OrderId::derive(anna, "k2"));
    }
}
