//! Who may speak to the broker, and about what.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::path::PathBuf;

use anyhow::{Context, anyhow, ensure};
use aws_lc_rs::pbkdf2;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use nix::sys::signal::Signal;
use secrecy::{ExposeSecret, SecretString};

use crate::layout::Layout;
use crate::process::mark::Mark;

/// The user as whom `fleet` speaks for all vehicles.
pub const SERVICE: &str = "fleet";

/// What is not allowed is denied. A vehicle's user name is its id, so that nobody speaks for another.
pub const TOPIC_RULES: &str = "\
user fleet
topic read v1/fleet/+/tel
topic read v1/fleet/+/evt
topic read v1/fleet/+/sta
topic write v1/fleet/+/ack
topic write v1/fleet/+/cmd

pattern write v1/fleet/%u/tel
pattern write v1/fleet/%u/evt
pattern write v1/fleet/%u/sta
pattern read v1/fleet/%u/ack
pattern read v1/fleet/%u/cmd
";

/// Mosquitto's own number.
const ITERATIONS: NonZeroU32 = NonZeroU32::new(101).unwrap();
/// Mosquitto reads no other length.
const SALT_BYTES: usize = 12;
const HASH_BYTES: usize = 64;

/// The broker's password file: salted PBKDF2-HMAC-SHA512, in Mosquitto's `$7$` form.
#[derive(Debug)]
pub struct Passwords {
    layout: Layout,
    path: PathBuf,
}

impl Passwords {
    /// The file of the broker of this stack.
    pub fn of(layout: &Layout) -> anyhow::Result<Self> {
        let path = layout.engine_folder("mosquitto")?.join("passwd");
        Ok(Self { layout: layout.clone(), path })
    }

    /// Lets vehicles in, `(id, password)` each, and tells the broker. Vehicles known before stay.
    pub fn add_vehicles(&self, vehicles: &[(String, SecretString)]) -> anyhow::Result<()> {
        self.merge(vehicles.iter().map(|(id, password)| (id.as_str(), password)))?;
        match Mark::living(&self.layout.marks().join("mosquitto.json")) {
            Some(broker) => broker.send(Signal::SIGHUP),
            None => Ok(()),
        }
    }

    /// Sets one password before the broker starts.
    pub(crate) fn set(&self, user: &str, password: &SecretString) -> anyhow::Result<()> {
        self.merge([(user, password)])
    }

    fn merge<'a>(
        &self,
        users: impl IntoIterator<Item = (&'a str, &'a SecretString)>,
    ) -> anyhow::Result<()> {
        let known = std::fs::read_to_string(&self.path).unwrap_or_default();
        let lines = known.lines().filter_map(|line| line.split_once(':'));
        let mut hashes: BTreeMap<String, String> =
            lines.map(|(user, hash)| (user.to_owned(), hash.to_owned())).collect();
        for (user, password) in users {
            let plain = user.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
            ensure!(plain && !user.is_empty(), "`{user}` cannot be a user of the broker");
            hashes.insert(user.to_owned(), hash(password)?);
        }
        let lines: Vec<String> =
            hashes.iter().map(|(user, hash)| format!("{user}:{hash}\n")).collect();

        // The broker may read at any moment: it sees the old file or the new one.
        let aside = self.path.with_extension("new");
        std::fs::write(&aside, lines.concat())
            .with_context(|| format!("cannot write {}", aside.display()))?;
        std::fs::set_permissions(&aside, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
        self.layout.hand_over(&aside)?;
        std::fs::rename(&aside, &self.path)?;
        Ok(())
    }
}

fn hash(password: &SecretString) -> anyhow::Result<String> {
    let (mut salt, mut hash) = ([0; SALT_BYTES], [0; HASH_BYTES]);
    aws_lc_rs::rand::fill(&mut salt).map_err(|_| anyhow!("the machine has no randomness"))?;
    let password = password.expose_secret().as_bytes();
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA512, ITERATIONS, &salt, password, &mut hash);
    Ok(format!("$7${ITERATIONS}${}${}", STANDARD.encode(salt), STANDARD.encode(hash)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vehicles_are_added_and_nobody_is_forgotten() {
        let local = tempfile::tempdir().unwrap();
        let layout = Layout::new(local.path(), "run").unwrap();
        let passwords = Passwords::of(&layout).unwrap();
        passwords.set(SERVICE, &"secret".into()).unwrap();
        passwords.add_vehicles(&[("v-1".to_owned(), "one".into())]).unwrap();
        passwords.add_vehicles(&[("v-2".to_owned(), "two".into())]).unwrap();

        let text = std::fs::read_to_string(&passwords.path).unwrap();

        let users: Vec<&str> = text.lines().filter_map(|line| line.split(':').next()).collect();
        assert_eq!(users, ["fleet", "v-1", "v-2"]);
        assert!(text.lines().all(|line| line.contains(":$7$101$")) && !text.contains("secret"));
        assert!(passwords.add_vehicles(&[("v:3".to_owned(), "x".into())]).is_err());
        assert!(passwords.add_vehicles(&[("+".to_owned(), "x".into())]).is_err());
    }
}
