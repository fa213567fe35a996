//! Who acts.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{CourierId, CustomerId, StoreId, UserId};

/// What somebody may do.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Somebody who has not said who they are, but keeps one id for the session.
    Guest,
    /// Orders.
    Customer,
    /// Works a store's kitchen board.
    Kitchen,
    /// Picks goods in a store.
    Picker,
    /// Runs a store: menu, stock, modes.
    StoreManager,
    /// Delivers.
    Courier,
    /// Plans deliveries.
    Dispatcher,
    /// Helps customers.
    Support,
    /// Reads figures.
    Analyst,
    /// Runs the platform.
    Ops,
    /// Another company's machine.
    Partner,
    /// A vehicle's device.
    Vehicle,
    /// One of our own services, on nobody's behalf.
    Service,
    /// May do everything.
    Admin,
}

/// A person or machine, as a verified token describes it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Principal {
    /// Account, vehicle or service.
    pub id: Uuid,
    /// What it may do.
    pub roles: Vec<Role>,
    /// The stores to which its staff roles are limited; none means no store.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stores: Vec<StoreId>,
}

impl Principal {
    /// Whether one of the roles is `role`.
    #[must_use]
    pub fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// Whether it may act for `store`: an admin or a service for all, staff for their own.
    #[must_use]
    pub fn may_act_for(&self, store: StoreId) -> bool {
        self.has(Role::Admin) || self.has(Role::Service) || self.stores.contains(&store)
    }

    /// The account.
    #[must_use]
    pub const fn user(&self) -> UserId {
        UserId::from_uuid(self.id)
    }

    /// The account, as somebody who orders.
    #[must_use]
    pub const fn customer(&self) -> CustomerId {
        CustomerId::from_uuid(self.id)
    }

    /// The account, as somebody who delivers.
    #[must_use]
    pub const fn courier(&self) -> CourierId {
        CourierId::from_uuid(self.id)
    }
}
