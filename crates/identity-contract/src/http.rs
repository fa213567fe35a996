//! Bodies that the identity service takes and gives, and the claims of its tokens.

use common::types::{Role, StoreId, Text, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// `iss` of the access tokens that identity signs.
pub const ISSUER: &str = "https://identity.cloudeats.local";
/// `aud` of the access tokens that the gateway takes.
pub const AUDIENCE: &str = "cloudeats";

/// Claims of an access token (`typ` is `at+jwt`, RFC 9068).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AccessClaims {
    /// Issuer, [`ISSUER`].
    pub iss: String,
    /// Audience, [`AUDIENCE`].
    pub aud: String,
    /// Account.
    pub sub: Uuid,
    /// Seconds since 1970 at which it was signed.
    pub iat: i64,
    /// Seconds since 1970 from which it is worthless.
    pub exp: i64,
    /// This token.
    pub jti: Uuid,
    /// What the account may do.
    pub roles: Vec<Role>,
    /// Stores to which its staff roles are limited.
    #[serde(default)]
    pub stores: Vec<StoreId>,
}

/// A new account.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Register {
    /// Address for sign-in and messages; unique without regard to case.
    #[schema(value_type = String, format = "email", example = "anna@example.com")]
    pub email: Text<254>,
    /// 10 to 128 characters.
    #[schema(value_type = String, format = "password", min_length = 10, max_length = 128)]
    pub password: Text<128>,
    /// What to call the person.
    #[schema(value_type = String, max_length = 80, example = "Anna")]
    pub name: Text<80>,
}

/// An account with roles, made by an admin.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateUser {
    /// As in [`Register`].
    #[schema(value_type = String, format = "email")]
    pub email: Text<254>,
    /// As in [`Register`].
    #[schema(value_type = String, format = "password")]
    pub password: Text<128>,
    /// As in [`Register`].
    #[schema(value_type = String)]
    pub name: Text<80>,
    /// What the account may do.
    pub roles: Vec<Role>,
    /// Stores to which its staff roles are limited.
    #[serde(default)]
    pub stores: Vec<StoreId>,
}

/// Proof of who one is.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// The address of the account.
    #[schema(value_type = String, format = "email", example = "anna@example.com")]
    pub email: Text<254>,
    /// The password of the account.
    #[schema(value_type = String, format = "password")]
    pub password: Text<128>,
}

/// A refresh token, to be exchanged or ended.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Refresh {
    /// The newest refresh token of the session; each works once.
    #[schema(value_type = String)]
    pub refresh_token: Text<128>,
}

/// A signed-in session.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Tokens {
    /// JWT for `Authorization: Bearer`.
    pub access_token: String,
    /// Always `Bearer`.
    pub token_type: String,
    /// Seconds until the access token ends.
    pub expires_in_s: i64,
    /// Exchanges this session for new tokens, once.
    pub refresh_token: String,
}

/// An account, as itself and admins see it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct User {
    /// The account.
    pub user_id: UserId,
    /// Address for sign-in and messages.
    pub email: String,
    /// What to call the person.
    pub name: String,
    /// What the account may do.
    pub roles: Vec<Role>,
    /// Stores to which its staff roles are limited.
    pub stores: Vec<StoreId>,
}

/// How to reach somebody; fetched at the moment of sending and never stored elsewhere.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Contact {
    /// The account.
    pub user_id: UserId,
    /// Address for messages.
    pub email: String,
    /// What to call the person.
    pub name: String,
}
