//! Access tokens that anybody can check and refresh tokens that only we know.

use std::{path::Path, sync::Arc};

use anyhow::Context;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use common::types::{Class, Fault, Timestamp};
use identity_contract::http::{AUDIENCE, AccessClaims, ISSUER};
use jsonwebtoken::{
    Algorithm, EncodingKey, Header,
    jwk::{Jwk, JwkSet, PublicKeyUse, ThumbprintHash},
};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::domain::Account;

/// How long tokens live.
#[derive(Debug, Clone, Copy)]
pub struct Lives {
    /// Seconds of an access token.
    pub access_s: i64,
    /// Seconds of a refresh token.
    pub refresh_s: i64,
}

/// Makes tokens; ES256, RFC 9068 for the access token.
#[derive(Clone)]
pub struct Tokens {
    key: Arc<EncodingKey>,
    header: Header,
    keys: Arc<[u8]>,
    lives: Lives,
}

/// A refresh token as its owner gets it, once.
pub(crate) struct RefreshSecret {
    pub(crate) text: String,
    pub(crate) sha: [u8; 32],
}

/// No token could be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TokensError {
    #[error("the access token could not be signed")]
    Sign(#[from] jsonwebtoken::errors::Error),
    #[error("the machine gives no randomness")]
    Random(#[from] getrandom::Error),
}

impl Fault for TokensError {
    fn class(&self) -> Class {
        Class::Broken
    }

    fn code(&self) -> &'static str {
        "no-token-made"
    }
}

impl Tokens {
    /// Reads the signing key from a file: P-256, PKCS#8, PEM.
    pub fn from_file(path: &Path, lives: Lives) -> anyhow::Result<Self> {
        let pem = std::fs::read(path)
            .with_context(|| format!("CE_SIGNING_KEY_FILE {}", path.display()))?;
        Self::from_pem(&pem, lives).context("CE_SIGNING_KEY_FILE")
    }

    /// Signs with the key in `pem`; its id is its thumbprint (RFC 7638), so that it names the key itself.
    pub fn from_pem(pem: &[u8], lives: Lives) -> anyhow::Result<Self> {
        let key = EncodingKey::from_ec_pem(pem)?;
        let mut public = Jwk::from_encoding_key(&key, Algorithm::ES256)?;
        let id = public.thumbprint(ThumbprintHash::SHA256)?;
        public.common.key_id = Some(id.clone());
        public.common.public_key_use = Some(PublicKeyUse::Signature);
        let keys = serde_json::to_vec(&JwkSet { keys: vec![public] })?;

        let header = Header {
            typ: Some("at+jwt".to_owned()),
            kid: Some(id),
            ..Header::new(Algorithm::ES256)
        };
        Ok(Self { key: Arc::new(key), header, keys: keys.into(), lives })
    }

    /// The public keys, as a JWK set (RFC 7517).
    pub(crate) fn keys(&self) -> Vec<u8> {
        self.keys.to_vec()
    }

    pub(crate) const fn lives(&self) -> Lives {
        self.lives
    }

    /// Signs that the bearer is `account` from `now` on.
    pub(crate) fn access(
        &self,
        account: &Account,
        id: Uuid,
        now: Timestamp,
    ) -> Result<String, TokensError> {
        let claims = AccessClaims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: account.id.as_uuid(),
            iat: now.as_second(),
            exp: now.as_second() + self.lives.access_s,
            jti: id,
            roles: account.roles.clone(),
            stores: account.stores.clone(),
        };
        Ok(jsonwebtoken::encode(&self.header, &claims, &self.key)?)
    }

    /// Draws a refresh token of 256 bits.
    pub(crate) fn refresh() -> Result<RefreshSecret, TokensError> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)?;
        let text = BASE64_URL_SAFE_NO_PAD.encode(bytes);
        let sha = digest(&text);
        Ok(RefreshSecret { text, sha })
    }
}

/// What is stored instead of a secret that is random enough, or an address.
pub(crate) fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}
