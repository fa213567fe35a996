//! What we ask of identity.

use common::types::UserId;
use identity_contract::http;
use service_kit::{CallError, Client};

/// The identity service, as far as it knows addresses.
#[derive(Debug, Clone)]
pub struct Contacts {
    client: Client,
}

/// How to reach somebody; never kept, never logged.
pub(crate) struct Contact {
    pub(crate) name: String,
    pub(crate) email: String,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum ContactError {
    #[error("nobody has this id")]
    Missing,
    #[error("identity did not answer")]
    Away(#[source] CallError),
}

impl Contacts {
    /// Speaks through `client`.
    #[must_use]
    pub const fn new(client: Client) -> Self {
        Self { client }
    }

    pub(crate) async fn find(&self, user: UserId) -> Result<Contact, ContactError> {
        let call = self.client.get(format!("/v1/internal/contacts/{user}"));
        match call.send::<http::Contact>().await {
            Ok(contact) => Ok(Contact { name: contact.name, email: contact.email }),
            Err(CallError::Refused { status: 404 | 410, .. }) => Err(ContactError::Missing),
            Err(error) => Err(ContactError::Away(error)),
        }
    }
}
