//! Accounts and who may get which role.

use common::types::{Class, Fault, Principal, Role, StoreId, UserId};

use super::{Email, Password};

/// An account.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    pub(crate) id: UserId,
    pub(crate) email: String,
    pub(crate) name: String,
    pub(crate) roles: Vec<Role>,
    pub(crate) stores: Vec<StoreId>,
}

/// An account that somebody asks for.
#[derive(Debug, Clone)]
pub(crate) struct NewAccount {
    pub(crate) email: Email,
    pub(crate) password: Password,
    pub(crate) name: String,
    pub(crate) roles: Vec<Role>,
    pub(crate) stores: Vec<StoreId>,
}

/// What is wrong with an account that somebody asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AccountError {
    #[error("this is not an e-mail address")]
    BadEmail,
    #[error("a password has at least 10 characters")]
    ShortPassword,
    #[error("a name has at least one letter")]
    NoName,
    #[error("an account has at least one role")]
    NoRole,
    #[error("a role of machines and guests is not given to people")]
    NotGrantable,
    #[error("the role works in a store, and none is named")]
    NoStore,
}

impl Fault for AccountError {
    fn class(&self) -> Class {
        Class::Invalid
    }

    fn code(&self) -> &'static str {
        match self {
            Self::BadEmail => "bad-email",
            Self::ShortPassword => "short-password",
            Self::NoName => "no-name",
            Self::NoRole => "no-role",
            Self::NotGrantable => "role-not-grantable",
            Self::NoStore => "no-store",
        }
    }
}

impl NewAccount {
    /// Somebody who orders: what everybody may become.
    pub(crate) fn customer(email: &str, password: &str, name: &str) -> Result<Self, AccountError> {
        Self::with_roles(email, password, name, vec![Role::Customer], Vec::new())
    }

    /// Somebody to whom an admin gives roles.
    pub(crate) fn with_roles(
        email: &str,
        password: &str,
        name: &str,
        mut roles: Vec<Role>,
        mut stores: Vec<StoreId>,
    ) -> Result<Self, AccountError> {
        let name = name.trim();
        if !name.contains(char::is_alphanumeric) {
            return Err(AccountError::NoName);
        }
        if roles.is_empty() {
            return Err(AccountError::NoRole);
        }
        if !roles.iter().copied().all(is_for_people) {
            return Err(AccountError::NotGrantable);
        }
        if stores.is_empty() && roles.iter().copied().any(works_in_a_store) {
            return Err(AccountError::NoStore);
        }
        roles.sort_unstable();
        roles.dedup();
        stores.sort_unstable();
        stores.dedup();
        let (email, password) = (Email::parse(email)?, Password::parse(password)?);
        Ok(Self { email, password, name: name.to_owned(), roles, stores })
    }

    /// The account, once it has an id.
    pub(crate) fn named(&self, id: UserId) -> Account {
        Account {
            id,
            email: self.email.as_str().to_owned(),
            name: self.name.clone(),
            roles: self.roles.clone(),
            stores: self.stores.clone(),
        }
    }
}

const fn is_for_people(role: Role) -> bool {
    !matches!(role, Role::Guest | Role::Partner | Role::Vehicle | Role::Service)
}

const fn works_in_a_store(role: Role) -> bool {
    matches!(role, Role::Kitchen | Role::Picker | Role::StoreManager)
}

/// Whether somebody may see every account: an admin and our services may.
pub(crate) fn sees_everybody(principal: &Principal) -> bool {
    principal.has(Role::Admin) || principal.has(Role::Service)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn ask(roles: &[Role], stores: &[StoreId]) -> Result<NewAccount, AccountError> {
        NewAccount::with_roles("a@example.com", "0123456789", "A", roles.to_vec(), stores.to_vec())
    }

    #[test]
    fn roles_are_given_by_these_rules() {
        let store = StoreId::from_uuid(Uuid::from_u128(1));
        for (roles, stores, refused) in [
            (&[Role::Courier][..], &[][..], None),
            (&[Role::Admin, Role::Admin], &[], None),
            (&[Role::Kitchen], &[store], None),
            (&[Role::Kitchen], &[], Some(AccountError::NoStore)),
            (&[], &[store], Some(AccountError::NoRole)),
            (&[Role::Customer, Role::Service], &[], Some(AccountError::NotGrantable)),
            (&[Role::Vehicle], &[], Some(AccountError::NotGrantable)),
        ] {
            assert_eq!(ask(roles, stores).err(), refused, "{roles:?}");
        }
    }

    #[test]
    fn who_registers_is_a_customer_and_nothing_else() {
        let anna = NewAccount::customer("anna@example.com", "0123456789", " Anna ").unwrap();
        assert_eq!((anna.roles, anna.name), (vec![Role::Customer], "Anna".to_owned()));
        let refused = |password, name| NewAccount::customer("a@example.com", password, name).err();
        assert_eq!(refused("012345678", "Anna"), Some(AccountError::ShortPassword));
        assert_eq!(refused("0123456789", " \n"), Some(AccountError::NoName));
    }
}
