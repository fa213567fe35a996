//! Where time and fresh ids come from.

use jiff::Timestamp;
use uuid::Uuid;

/// The only source of time.
pub trait Clock: Send + Sync + 'static {
    /// The time, as far as this process knows, to the microsecond that `PostgreSQL` keeps.
    fn now(&self) -> Timestamp;

    /// A fresh id, `UUIDv7` (RFC 9562) of this clock's time. Where others put chance behind the millisecond,
    /// ours have what is left of the microseconds (6.2, method 3): of two things that one process makes one
    /// after the other, the later one has the greater id.
    fn new_id(&self) -> Uuid {
        let us = u64::try_from(self.now().as_microsecond()).unwrap_or(0);
        let fraction = (us % 1_000) * 4_096 / 1_000;
        let time = (u128::from(us / 1_000) << 80) | (u128::from(fraction) << 64);
        let chance = u128::from(rand::random::<u64>() >> 2);
        // Version 7, variant 0b10.
        Uuid::from_u128(time | (0x7 << 76) | (0b10 << 62) | chance)
    }
}

/// The clock of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    fn now(&self) -> Timestamp {
        let now = Timestamp::now();
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct At(i64);

    impl Clock for At {
        fn now(&self) -> Timestamp {
            Timestamp::from_microsecond(self.0).unwrap()
        }
    }

    #[test]
    fn an_id_is_of_its_time_and_never_the_same() {
        let clock = At(1_795_262_400_123_456);
        let (one, other) = (clock.new_id(), clock.new_id());

        assert_ne!(one, other);
        assert_eq!((one.get_version_num(), one.get_variant()), (7, uuid::Variant::RFC4122));
        assert_eq!(one.get_timestamp().unwrap().to_unix(), (1_795_262_400, 123_000_000));
    }

    #[test]
    fn what_is_made_a_microsecond_later_comes_later() {
        let ids: Vec<Uuid> = (0..3_000).map(|us| At(1_795_262_400_000_000 + us).new_id()).collect();
        assert!(ids.is_sorted());
    }
}
