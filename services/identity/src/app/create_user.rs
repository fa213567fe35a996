//! Giving somebody an account with roles.

use axum::http::StatusCode;
use common::types::{Class, Fault, Principal, UserId};
use event_kit::outbox;
use postgres_kit::{
    StoreError,
    answers::{self, Asked, Claim, Kept},
};
use service_kit::Stored;

use crate::{
    App,
    domain::{Account, NewAccount},
    events,
    passwords::PasswordsError,
    store,
    tokens::digest,
};

const ROUTE: &str = "POST /v1/users";

/// Why there is no new account.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CreateUserError {
    #[error("the address has an account already")]
    EmailTaken,
    #[error("the key was used for another account")]
    KeyReused,
    #[error("the password was not hashed")]
    Passwords(#[from] PasswordsError),
    #[error("the account could not be stored")]
    Store(#[from] StoreError),
    #[error("the answer could not be written")]
    Answer(#[from] serde_json::Error),
}

impl Fault for CreateUserError {
    fn class(&self) -> Class {
        match self {
            Self::EmailTaken => Class::Conflict,
            Self::KeyReused => Class::Invalid,
            Self::Passwords(error) => error.class(),
            Self::Store(error) => error.class(),
            Self::Answer(_) => Class::Broken,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::EmailTaken => "email-taken",
            Self::KeyReused => "key-reused",
            Self::Passwords(error) => error.code(),
            Self::Store(error) => error.code(),
            Self::Answer(_) => "unwritable-answer",
        }
    }
}

impl App {
    /// Opens an account with roles, once for a key. `written` says how the account is answered.
    #[tracing::instrument(name = "identity.create_user", skip_all)]
    pub(crate) async fn create_user(
        &self,
        admin: &Principal,
        key: &str,
        new: NewAccount,
        written: impl FnOnce(&Account) -> serde_json::Result<Vec<u8>>,
    ) -> Result<Stored, CreateUserError> {
        let fingerprint = fingerprint(&new);
        let hash = self.passwords.hash(new.password.clone()).await?;
        let now = self.clock.now();

        let mut tx = self.db.begin().await?;
        let asked = Asked { by: admin, route: ROUTE, key };
        match answers::claim(&mut tx, asked, &fingerprint, now).await? {
            Claim::First => {}
            Claim::Again(answer) => {
                tx.rollback().await;
                return Ok(given(answer, true));
            }
            Claim::Reused => {
                tx.rollback().await;
                return Err(CreateUserError::KeyReused);
            }
        }
        let account = new.named(UserId::from_uuid(self.clock.new_id()));
        if !store::accounts::insert(&mut tx, &account, &new.email, &hash, now).await? {
            tx.rollback().await;
            return Err(CreateUserError::EmailTaken);
        }
        let answer = Kept {
            status: StatusCode::CREATED.as_u16(),
            location: Some(format!("/v1/users/{}", account.id)),
            body: written(&account)?,
        };
        answers::keep(&mut tx, asked, &answer).await?;
        outbox::stage(&mut tx, &events::registered(&account)).await?;
        tx.commit().await?;

        tracing::info!(user.id = %account.id, admin.id = %admin.id, "account with roles opened");
        Ok(given(answer, false))
    }
}

fn given(kept: Kept, replayed: bool) -> Stored {
    let Kept { status, location, body } = kept;
    Stored { status, body, location, replayed }
}

/// The password is no part of it: a stored digest without salt would undo what Argon2 is for.
fn fingerprint(new: &NewAccount) -> [u8; 32] {
    digest(&format!("{}\n{}\n{:?}\n{:?}", new.email.folded(), new.name, new.roles, new.stores))
}
