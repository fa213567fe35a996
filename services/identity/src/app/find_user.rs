//! Looking at an account.

use common::types::{Class, Fault, Principal, UserId};
use postgres_kit::StoreError;

use crate::{App, domain::Account, store};

/// Why there is nothing to see.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FindUserError {
    #[error("there is no such account")]
    NoSuchUser,
    #[error("the account could not be read")]
    Store(#[from] StoreError),
}

impl Fault for FindUserError {
    fn class(&self) -> Class {
        match self {
            Self::NoSuchUser => Class::Missing,
            Self::Store(error) => error.class(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NoSuchUser => "no-such-user",
            Self::Store(error) => error.code(),
        }
    }
}

impl App {
    /// Finds an account that `principal` may see: its own, or any as admin or service.
    #[tracing::instrument(name = "identity.find_user", skip_all, fields(user.id = %id))]
    pub(crate) async fn find_user(
        &self,
        principal: &Principal,
        id: UserId,
    ) -> Result<Account, FindUserError> {
        let mut db = self.db.acquire().await?;
        store::accounts::find(&mut db, principal, id).await?.ok_or(FindUserError::NoSuchUser)
    }
}
