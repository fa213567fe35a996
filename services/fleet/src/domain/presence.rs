//! Whether a vehicle is there.

use common::types::Timestamp;

use super::words;

const ONLINE_S: i64 = 30;
const STALE_S: i64 = 300;

words! {
    /// Whether a vehicle is there (FLT-13).
    Presence {
        /// Heard within 30 s.
        Online = "ONLINE",
        /// Heard within 300 s.
        Stale = "STALE",
        /// Not heard for longer, or its will was read.
        Offline = "OFFLINE",
    }
}

impl Presence {
    /// Judges by the last sign of life.
    pub(crate) fn of(seen: Option<Timestamp>, gone: bool, now: Timestamp) -> Self {
        let Some(seen) = seen.filter(|_| !gone) else { return Self::Offline };
        let silence = now.duration_since(seen);
        if silence <= jiff::SignedDuration::from_secs(ONLINE_S) {
            Self::Online
        } else if silence <= jiff::SignedDuration::from_secs(STALE_S) {
            Self::Stale
        } else {
            Self::Offline
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presence_fades_after_30_and_300_seconds() {
        let seen = Timestamp::UNIX_EPOCH;
        let after = |seconds| Timestamp::from_second(seconds).unwrap();
        for (seconds, expected) in [
            (0, Presence::Online),
            (30, Presence::Online),
            (31, Presence::Stale),
            (300, Presence::Stale),
            (301, Presence::Offline),
        ] {
            assert_eq!(Presence::of(Some(seen), false, after(seconds)), expected, "{seconds}");
        }
        assert_eq!(Presence::of(Some(seen), true, after(0)), Presence::Offline);
        assert_eq!(Presence::of(None, false, after(0)), Presence::Offline);
    }
}
