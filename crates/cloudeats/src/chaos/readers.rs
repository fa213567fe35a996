//! People who read an order while faults strike.

use std::time::Duration;

use anyhow::ensure;
use common::types::Role;

use crate::api::{Api, Call, Person, within};
use crate::ports::Door;
use crate::seed::people::Roster;
use crate::site::Site;

/// An answer after this is none.
const ANSWER_MAX: Duration = Duration::from_secs(2);

/// Who reads, in turns: the gateway lets nobody ask more than ten times a second.
pub(super) struct Readers {
    people: Vec<Person>,
    call: Call,
}

impl Readers {
    /// Managers who have signed in; the first one of all is with the watch.
    pub(super) async fn gather(site: &Site) -> anyhow::Result<Self> {
        let api = Api::new(site.http_url(Door::Gateway))?;
        let roster = Roster::open(site)?;
        let managers = roster.with_role(Role::StoreManager, None).skip(1);
        let people: Vec<Person> = managers.map(|hired| hired.person(&api)).collect();
        ensure!(!people.is_empty(), "nobody can read orders");
        for person in &people {
            person.id().await?;
        }
        Ok(Self { people, call: Call::get("/v1/orders?limit=1") })
    }

    /// Whether the one whose turn it is is answered.
    pub(super) async fn ask(&self, turn: usize) -> bool {
        let Some(person) = self.people.get(turn % self.people.len()) else { return false };
        let answer = within(ANSWER_MAX, person.try_once(&self.call)).await;
        matches!(answer, Some(Ok(Ok(answer))) if answer.is_ok())
    }
}
