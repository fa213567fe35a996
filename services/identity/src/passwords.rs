//! Argon2id, kept from eating the machine.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, Sender, channel},
    },
    thread,
};

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use common::types::{Class, Fault};
use tokio::sync::{Semaphore, oneshot};

use crate::domain::Password;

/// OWASP Password Storage Cheat Sheet: 19 MiB, two passes, one lane.
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Hashes at once; each takes a core and its memory. They have threads of their own: spread over the
/// runtime's threads, the allocator would keep a hash's memory for each of those.
const AT_ONCE: usize = 2;
/// Hashes that may be under way or wait; more would wait longer than their callers do.
const QUEUE: usize = 64;

/// Hashes and compares passwords, two at once.
#[derive(Clone)]
pub struct Passwords {
    argon2: Argon2<'static>,
    decoy: Arc<str>,
    queue: Arc<Semaphore>,
    work: Sender<Work>,
}

type Work = Box<dyn FnOnce() + Send>;

/// Why there is neither a hash nor a comparison.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PasswordsError {
    #[error("too many passwords are being hashed")]
    Busy,
    #[error("the password could not be hashed")]
    Hash(#[from] argon2::password_hash::Error),
    #[error("a stored hash cannot be read")]
    Stored(#[from] argon2::password_hash::phc::Error),
    #[error("the hashing was cut off")]
    CutOff(#[from] oneshot::error::RecvError),
}

impl Fault for PasswordsError {
    fn class(&self) -> Class {
        match self {
            Self::Busy | Self::CutOff(_) => Class::Unavailable,
            Self::Hash(_) | Self::Stored(_) => Class::Broken,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Busy => "too-busy",
            Self::CutOff(_) => "shutting-down",
            Self::Hash(_) | Self::Stored(_) => "password-hash",
        }
    }
}

impl Passwords {
    /// Takes `memory_kib` for each hash.
    pub fn new(memory_kib: u32) -> anyhow::Result<Self> {
        let params = Params::new(memory_kib, PASSES, LANES, None)
            .map_err(|error| anyhow::anyhow!("CE_ARGON2_MEMORY_KIB: {error}"))?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let decoy = argon2
            .hash_password(b"nobody's password")
            .map_err(|error| anyhow::anyhow!("argon2: {error}"))?
            .to_string();
        Ok(Self {
            argon2,
            decoy: decoy.into(),
            queue: Arc::new(Semaphore::new(QUEUE)),
            work: hands()?,
        })
    }

    /// Hashes with a fresh salt, as a PHC string.
    pub(crate) async fn hash(&self, password: Password) -> Result<String, PasswordsError> {
        self.run(move |argon2| Ok(argon2.hash_password(password.expose())?.to_string())).await
    }

    /// Compares with a stored hash; without one it takes as long and says no.
    pub(crate) async fn matches(
        &self,
        password: Password,
        stored: Option<String>,
    ) -> Result<bool, PasswordsError> {
        let decoy = Arc::clone(&self.decoy);
        self.run(move |argon2| {
            let known = stored.is_some();
            let stored = PasswordHash::new(stored.as_deref().unwrap_or(&decoy))?;
            let same = argon2.verify_password(password.expose(), &stored).is_ok();
            Ok(known && same)
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Argon2<'static>) -> Result<T, PasswordsError> + Send + 'static,
    ) -> Result<T, PasswordsError> {
        let place =
            Arc::clone(&self.queue).try_acquire_owned().map_err(|_| PasswordsError::Busy)?;
        let argon2 = self.argon2.clone();
        let (reply, answer) = oneshot::channel();
        let work = move || {
            // Held to the end of the work, also where nobody waits for it any more.
            let _place = place;
            let _nobody_waits = reply.send(work(&argon2));
        };
        self.work.send(Box::new(work)).map_err(|_nobody_works| PasswordsError::Busy)?;
        answer.await?
    }
}

/// Threads that work until nobody can ask them any more.
fn hands() -> std::io::Result<Sender<Work>> {
    let (sender, receiver) = channel();
    let receiver = Arc::new(Mutex::new(receiver));
    for _ in 0..AT_ONCE {
        let receiver = Arc::clone(&receiver);
        thread::Builder::new().name("passwords".to_owned()).spawn(move || {
            while let Some(work) = next(&receiver) {
                // Whoever waits is told by the reply that was dropped; the thread goes on.
                let _panicked = catch_unwind(AssertUnwindSafe(work));
            }
        })?;
    }
    Ok(sender)
}

fn next(receiver: &Mutex<Receiver<Work>>) -> Option<Work> {
    receiver.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password::parse(text).unwrap()
    }

    #[tokio::test]
    async fn a_hash_fits_its_password_only_and_none_fits_nobody() {
        let passwords = Passwords::new(64).unwrap();
        let hash = passwords.hash(password("correct horse")).await.unwrap();

        assert!(hash.starts_with("$argon2id$v=19$m=64,t=2,p=1$"), "{hash}");
        assert!(passwords.matches(password("correct horse"), Some(hash.clone())).await.unwrap());
        assert!(!passwords.matches(password("battery staple"), Some(hash)).await.unwrap());
        assert!(!passwords.matches(password("nobody's password"), None).await.unwrap());
    }

    #[tokio::test]
    async fn a_crowd_is_turned_away_before_it_takes_the_machine() {
        let passwords = Passwords::new(64).unwrap();
        let _places = passwords.queue.try_acquire_many(64).unwrap();

        let refused = passwords.hash(password("correct horse")).await.unwrap_err();

        assert!(matches!(refused, PasswordsError::Busy));
    }
}
