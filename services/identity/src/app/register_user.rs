//! Registering.

use common::types::{Class, Fault, UserId};
use event_kit::outbox;
use postgres_kit::StoreError;

use crate::{
    App,
    domain::{Account, NewAccount},
    events,
    passwords::PasswordsError,
    store,
};

/// Why there is no new account.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RegisterUserError {
    #[error("the address has an account already")]
    EmailTaken,
    #[error("the password was not hashed")]
    Passwords(#[from] PasswordsError),
    #[error("the account could not be stored")]
    Store(#[from] StoreError),
}

impl Fault for RegisterUserError {
    fn class(&self) -> Class {
        match self {
            Self::EmailTaken => Class::Conflict,
            Self::Passwords(error) => error.class(),
            Self::Store(error) => error.class(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::EmailTaken => "email-taken",
            Self::Passwords(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }
}

impl App {
    /// Opens an account for somebody who came by themselves.
    #[tracing::instrument(name = "identity.register_user", skip_all)]
    pub(crate) async fn register_user(
        &self,
        new: NewAccount,
    ) -> Result<Account, RegisterUserError> {
        let hash = self.passwords.hash(new.password.clone()).await?;
        let account = new.named(UserId::from_uuid(self.clock.new_id()));

        let mut tx = self.db.begin().await?;
        if !store::accounts::insert(&mut tx, &account, &new.email, &hash, self.clock.now()).await? {
            tx.rollback().await;
            return Err(RegisterUserError::EmailTaken);
        }
        outbox::stage(&mut tx, &events::registered(&account)).await?;
        tx.commit().await?;
        Ok(account)
    }
}
