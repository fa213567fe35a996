//! Facts that the identity service tells.

use common::types::{Event, Role, StoreId, UserId};
use serde::{Deserialize, Serialize};

/// Somebody has an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserRegistered {
    /// The account.
    pub user_id: UserId,
    /// What it may do.
    pub roles: Vec<Role>,
    /// Stores to which its staff roles are limited.
    pub scopes: Vec<StoreId>,
}

impl Event for UserRegistered {
    const TYPE: &'static str = "com.cloudeats.identity.user_registered.v1";

    fn key(&self) -> String {
        self.user_id.to_string()
    }
}
