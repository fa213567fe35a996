//! `cloudeats dead-letters`: events that a service could not apply.

use anyhow::{Context, bail, ensure};
use common::types::{Clock, SystemClock};
use event_kit::dead_letters;
use secrecy::ExposeSecret;
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

use crate::commands::{Which, say};
use crate::site::{SERVICES, Site};

/// Events that wait for an operator.
#[derive(Debug, Clone, clap::Args)]
pub struct DeadLetters {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Clone, clap::Subcommand)]
enum Verb {
    /// List them, the newest of each service first
    List {
        #[command(flatten)]
        which: Which,
        /// At most so many of each service
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
        limit: u16,
    },
    /// Ask their services to try again
    Redrive {
        /// Letters as the list names them: `service:uuid`; all of them without any
        letters: Vec<Id>,
        #[command(flatten)]
        which: Which,
    },
}

/// A letter and the service that it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Id {
    service: &'static str,
    letter: Uuid,
}

impl std::str::FromStr for Id {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not of the form service:uuid");
        let (service, letter) = text.split_once(':').ok_or_else(wrong)?;
        let mut known = SERVICES.iter().filter(|known| known.has_database);
        let known = known.find(|known| known.name == service).ok_or_else(wrong)?;
        let letter = Uuid::parse_str(letter).map_err(|_| wrong())?;
        Ok(Self { service: known.name, letter })
    }
}

impl DeadLetters {
    /// Runs the verb.
    pub async fn run(self) -> anyhow::Result<()> {
        match self.verb {
            Verb::List { which, limit } => list(&Site::open(which.layout()?)?, limit).await,
            Verb::Redrive { letters, which } => {
                redrive(&Site::open(which.layout()?)?, &letters).await
            }
        }
    }
}

async fn list(site: &Site, limit: u16) -> anyhow::Result<()> {
    let mut found = 0;
    for service in SERVICES.iter().filter(|service| service.has_database) {
        let mut db = connect(site, service.name).await?;
        for letter in dead_letters::list(&mut db, SystemClock.now(), limit).await? {
            found += 1;
            let again = if letter.redriven_at.is_some() { ", being tried again" } else { "" };
            say(format_args!(
                "{}:{}  {}  {} #{} of {}  {} after {} tries{again}\n    {}",
                service.name,
                letter.id,
                letter.at,
                letter.kind,
                letter.seq,
                letter.key,
                letter.code,
                letter.attempts,
                letter.detail,
            ));
        }
    }
    if found == 0 {
        say("no dead letters");
    }
    Ok(())
}

async fn redrive(site: &Site, letters: &[Id]) -> anyhow::Result<()> {
    let mut asked = 0;
    for service in SERVICES.iter().filter(|service| service.has_database) {
        let mut db = connect(site, service.name).await?;
        let mine = letters.iter().filter(|id| id.service == service.name);
        let mine: Vec<Uuid> = if letters.is_empty() {
            let open = dead_letters::list(&mut db, SystemClock.now(), u16::MAX).await?;
            open.into_iter().map(|letter| letter.id).collect()
        } else {
            mine.map(|id| id.letter).collect()
        };
        if !mine.is_empty() {
            asked += dead_letters::redrive(&mut db, &mine).await?;
        }
    }
    let wanted = letters.len() as u64;
    ensure!(asked >= wanted, "{asked} of {wanted} letters are open");
    if wanted == 0 && asked == 0 {
        bail!("no dead letters");
    }
    say(format_args!("{asked} letters are tried again"));
    Ok(())
}

/// As the service itself, who may write.
async fn connect(site: &Site, service: &str) -> anyhow::Result<PgConnection> {
    let url = site.database_url(service, service)?;
    let connected = PgConnection::connect(url.expose_secret()).await;
    connected.with_context(|| format!("the database `{service}` cannot be opened"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_is_named_with_its_service() {
        let id: Id = "orders:10000000-0000-4000-8000-000000000001".parse().unwrap();
        assert_eq!((id.service, id.letter.as_u128() & 0xf), ("orders", 1));
        for wrong in ["orders", "orders:1", "gateway:10000000-0000-4000-8000-000000000001", ""] {
            assert!(wrong.parse::<Id>().is_err(), "{wrong}");
        }
    }
}
