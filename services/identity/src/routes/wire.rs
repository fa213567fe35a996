//! Between the wire and the domain.

use identity_contract::http::{Contact, CreateUser, Register, Tokens, User};

use crate::{
    app::SignedIn,
    domain::{Account, AccountError, NewAccount},
};

pub(super) fn customer(body: &Register) -> Result<NewAccount, AccountError> {
    NewAccount::customer(body.email.as_str(), body.password.as_str(), body.name.as_str())
}

pub(super) fn with_roles(body: CreateUser) -> Result<NewAccount, AccountError> {
    let CreateUser { email, password, name, roles, stores } = body;
    NewAccount::with_roles(email.as_str(), password.as_str(), name.as_str(), roles, stores)
}

pub(super) fn user(account: &Account) -> User {
    User {
        user_id: account.id,
        email: account.email.clone(),
        name: account.name.clone(),
        roles: account.roles.clone(),
        stores: account.stores.clone(),
    }
}

pub(super) fn contact(account: Account) -> Contact {
    Contact { user_id: account.id, email: account.email, name: account.name }
}

pub(super) fn tokens(session: SignedIn) -> Tokens {
    Tokens {
        access_token: session.access_token,
        token_type: "Bearer".to_owned(),
        expires_in_s: session.expires_in_s,
        refresh_token: session.refresh_token,
    }
}
