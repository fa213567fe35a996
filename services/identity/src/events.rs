//! What the service tells. It hears nothing.

use identity_contract::events::UserRegistered;

use crate::domain::Account;

/// Tells that somebody has an account.
pub(crate) fn registered(account: &Account) -> UserRegistered {
    UserRegistered {
        user_id: account.id,
        roles: account.roles.clone(),
        scopes: account.stores.clone(),
    }
}
