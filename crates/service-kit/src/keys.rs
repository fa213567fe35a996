//! Key pairs of services and key sets (RFC 7517).

use std::path::Path;

use anyhow::{Context, anyhow};
use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use jsonwebtoken::{
    Algorithm, EncodingKey,
    jwk::{Jwk, JwkSet, PublicKeyUse},
};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

/// A key to sign with, and what others need to check its signatures.
#[derive(Debug)]
pub struct KeyPair {
    /// ES256, PKCS#8 in PEM.
    pub private_pem: SecretString,
    /// The public half, under its `kid`.
    pub public: Jwk,
}

/// Public keys by `kid`: the text of a JWKS file or answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Jwks(JwkSet);

/// Makes a key pair for `kid`: a service's name, or whatever its owner calls it.
///
/// # Errors
/// Where the machine has no randomness.
pub fn generate(kid: &str) -> anyhow::Result<KeyPair> {
    let pkcs8 =
        EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
            .map_err(|_| anyhow!("no key could be made"))?;
    let private_pem = pem(pkcs8.as_ref());
    let public = public_of(private_pem.as_bytes(), kid)?;
    Ok(KeyPair { private_pem: private_pem.into(), public })
}

/// The public half of a private key (ES256, PKCS#8 in PEM), under `kid`.
///
/// # Errors
/// Where it is no such key.
pub fn public_of(private_pem: &[u8], kid: &str) -> anyhow::Result<Jwk> {
    let key = EncodingKey::from_ec_pem(private_pem).context("not an ES256 key in PKCS#8 PEM")?;
    let mut public = Jwk::from_encoding_key(&key, Algorithm::ES256)?;
    public.common.key_id = Some(kid.to_owned());
    public.common.public_key_use = Some(PublicKeyUse::Signature);
    Ok(public)
}

impl Jwks {
    /// A set of these keys.
    #[must_use]
    pub fn of(keys: Vec<Jwk>) -> Self {
        Self(JwkSet { keys })
    }

    /// Reads a file.
    ///
    /// # Errors
    /// Where it cannot be read or is no key set.
    pub fn read(file: &Path) -> anyhow::Result<Self> {
        let text =
            std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        serde_json::from_slice(&text).with_context(|| format!("{} is no JWKS", file.display()))
    }

    /// The keys.
    #[must_use]
    pub fn keys(&self) -> &[Jwk] {
        &self.0.keys
    }
}

fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut pem = String::from("-----BEGIN PRIVATE KEY-----\n");
    for line in text.as_bytes().chunks(64) {
        pem.push_str(&String::from_utf8_lossy(line));
        pem.push('\n');
    }
    pem.push_str("-----END PRIVATE KEY-----\n");
    pem
}
