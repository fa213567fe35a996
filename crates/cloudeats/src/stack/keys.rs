//! Key pairs by which services know one another, made once.

use anyhow::Context;
use secrecy::ExposeSecret;
use service_kit::keys::{self, Jwks};

use crate::layout::make;
use crate::site::{SERVICES, Site};

/// Makes the keys that are missing and writes the public set.
pub(super) fn provide(site: &Site) -> anyhow::Result<()> {
    make(&site.layout.keys(), 0o700)?;
    private(&site.signing_key_file(), "tokens")?;
    let mut public = Vec::new();
    for service in SERVICES {
        let pem = private(&site.key_file(service.name), service.name)?;
        public.push(keys::public_of(pem.as_bytes(), service.name)?);
    }
    let set = serde_json::to_vec_pretty(&Jwks::of(public))?;
    let file = site.key_set_file();
    std::fs::write(&file, set).with_context(|| format!("cannot write {}", file.display()))
}

fn private(file: &std::path::Path, kid: &str) -> anyhow::Result<String> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;

    if let Ok(pem) = std::fs::read_to_string(file) {
        return Ok(pem);
    }
    let pem = keys::generate(kid)?.private_pem;
    let opened = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
    opened
        .and_then(|mut file| file.write_all(pem.expose_secret().as_bytes()))
        .with_context(|| format!("cannot write {}", file.display()))?;
    Ok(pem.expose_secret().to_owned())
}
