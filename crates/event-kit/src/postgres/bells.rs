//! Bells that wake readers: only for what somebody hears.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use sqlx::PgPool;

use crate::Record;

/// How long what members hear is believed. One that has come since is not woken so long; it looks by itself.
const BELIEVED: Duration = Duration::from_secs(1);
/// The longest name of a channel, in bytes.
const NAME_MAX: usize = 63;

const HEARD: &str = "
    SELECT EXISTS (SELECT FROM log_member WHERE seen_until > now() AND types IS NULL),
           ARRAY(SELECT DISTINCT t.type
                   FROM log_member m
                  CROSS JOIN unnest(m.types) AS t (type)
                  WHERE m.seen_until > now())";

/// NOTIFY holds one lock for the whole cluster until its transaction is on disk, so it has a transaction
/// to itself that does not wait for the disk.
const RING: &str = "
    SELECT set_config('synchronous_commit', 'off', true), pg_notify(channel, '')
      FROM unnest($1::text[]) AS t (channel)";

/// The channel that wakes all who read a topic.
pub(super) fn bell_of_topic(topic: &str) -> String {
    name(topic)
}

/// The channel that wakes those who hear a type, and nobody else.
pub(super) fn bell_of_type(kind: &str) -> String {
    name(kind)
}

fn name(of: &str) -> String {
    let mut name = format!("event_log:{of}");
    name.truncate(name.floor_char_boundary(NAME_MAX));
    name
}

/// What members hear.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// Somebody hears everything, or does not say what.
    all: bool,
    types: BTreeSet<String>,
}

impl Heard {
    /// Whether somebody waits for one of these records.
    pub(super) fn awaits(&self, batch: &[Record]) -> bool {
        self.all || batch.iter().any(|record| self.bell(record).is_some())
    }

    fn bell(&self, record: &Record) -> Option<String> {
        match record.headers.get("ce_type") {
            Some(kind) => self.types.contains(kind).then(|| bell_of_type(kind)),
            None => Some(bell_of_topic(&record.topic)),
        }
    }

    fn bells(&self, batch: &[Record]) -> BTreeSet<String> {
        let of_topics = batch.iter().filter(|_| self.all);
        let of_topics = of_topics.map(|record| bell_of_topic(&record.topic));
        batch.iter().filter_map(|record| self.bell(record)).chain(of_topics).collect()
    }
}

/// What members hear, and when that was seen.
type Seen = (Instant, Arc<Heard>);

/// What members were last seen to hear.
#[derive(Debug, Clone, Default)]
pub(super) struct Bells(Arc<Mutex<Option<Seen>>>);

impl Bells {
    /// Wakes those who wait for one of the records. A bell that does not ring is heard a second later.
    pub(super) async fn ring(&self, pool: &PgPool, batch: &[Record]) {
        let bells = self.heard_now(pool).await.bells(batch);
        if bells.is_empty() {
            return;
        }
        let rung = sqlx::query(RING).bind(Vec::from_iter(bells)).execute(pool).await;
        rung.inspect_err(|error| tracing::debug!(%error, "the bell did not ring")).ok();
    }

    /// Whether somebody waits for one of the records, as far as is known.
    pub(super) fn awaits(&self, batch: &[Record]) -> bool {
        self.last_seen().is_none_or(|(_, heard)| heard.awaits(batch))
    }

    async fn heard_now(&self, pool: &PgPool) -> Arc<Heard> {
        if let Some((at, heard)) = self.last_seen()
            && at.elapsed() < BELIEVED
        {
            return heard;
        }
        let found: sqlx::Result<(bool, Vec<String>)> = sqlx::query_as(HEARD).fetch_one(pool).await;
        let (all, types) = found.unwrap_or_else(|error| {
            tracing::debug!(%error, "nobody knows who hears what");
            (true, Vec::new())
        });
        let heard = Arc::new(Heard { all, types: types.into_iter().collect() });
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) =
            Some((Instant::now(), Arc::clone(&heard)));
        heard
    }

    fn last_seen(&self) -> Option<Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::Headers;

    fn record(kind: &str) -> Record {
        let headers = Headers::from([("ce_type".to_owned(), kind.to_owned())]);
        let (topic, key) = ("cloudeats.bakery".to_owned(), "loaf".to_owned());
        Record { topic, part: 0, id: Uuid::nil(), key, headers, body: Vec::new() }
    }

    fn heard(all: bool, types: &[&str]) -> Heard {
        Heard { all, types: types.iter().map(|&kind| kind.to_owned()).collect() }
    }

    #[test]
    fn only_what_somebody_hears_rings() {
        let batch = ["baked", "cooled", "baked"].map(record);

        let somebody = heard(false, &["baked", "sold"]);
        assert!(somebody.awaits(&batch));
        assert_eq!(Vec::from_iter(somebody.bells(&batch)), ["event_log:baked"]);

        let nobody = heard(false, &["sold"]);
        assert!(!nobody.awaits(&batch));
        assert!(nobody.bells(&batch).is_empty());
    }

    #[test]
    fn one_who_does_not_say_what_it_hears_is_woken_for_all() {
        let batch = ["baked", "cooled"].map(record);

        let bells = heard(true, &["baked"]).bells(&batch);

        assert_eq!(Vec::from_iter(bells), ["event_log:baked", "event_log:cloudeats.bakery"]);
        assert!(heard(true, &[]).awaits(&batch));
    }

    #[test]
    fn what_says_nothing_of_itself_wakes_all_who_read_its_topic() {
        let strange = Record { headers: Headers::new(), ..record("baked") };

        let bells = heard(false, &[]).bells(&[strange]);

        assert_eq!(Vec::from_iter(bells), ["event_log:cloudeats.bakery"]);
    }

    #[test]
    fn a_long_name_is_cut_where_both_sides_cut_it() {
        assert_eq!(bell_of_type(&"ä".repeat(40)).len(), 62);
    }
}
