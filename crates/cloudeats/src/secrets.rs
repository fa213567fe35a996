//! Passwords of one stack, drawn once and kept in files that only their owner reads.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use anyhow::Context;
use rand::Rng;
use rand::distr::slice::Choose;
use secrecy::SecretString;

use crate::layout::{Layout, make};

const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
const LENGTH: usize = 32;

/// The secrets of a stack, by name.
#[derive(Debug, Clone)]
pub struct Secrets {
    folder: PathBuf,
}

impl Secrets {
    /// The secrets of the stack that lies there.
    pub fn open(layout: &Layout) -> anyhow::Result<Self> {
        let folder = layout.secrets();
        make(&folder, 0o700)?;
        Ok(Self { folder })
    }

    /// The secret called `name`: 32 lower-case letters and digits (165 bits), safe in URLs and SQL.
    pub fn get(&self, name: &str) -> anyhow::Result<SecretString> {
        let path = self.folder.join(name);
        match std::fs::read_to_string(&path) {
            Ok(text) => return Ok(text.trim_end().into()),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", path.display()));
            }
        }
        let secret = draw()?;
        self.write(name, &secret)?;
        Ok(secret.into())
    }

    /// Keeps `text` in the file `name` and returns its path.
    pub fn write(&self, name: &str, text: &str) -> anyhow::Result<PathBuf> {
        let path = self.folder.join(name);
        let file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path);
        let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
        written.with_context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    }
}

/// A fresh secret.
pub(crate) fn draw() -> anyhow::Result<String> {
    let letters = Choose::new(LETTERS)?;
    Ok(rand::rng().sample_iter(letters).take(LENGTH).map(|letter| char::from(*letter)).collect())
}
