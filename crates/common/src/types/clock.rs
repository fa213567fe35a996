//! Where time and fresh ids come from.

use jiff::Timestamp;
use uuid::Uuid;

/// The only source of time.
pub trait Clock: Send + Sync + 'static {
    /// The time, as far as this process knows, to the microsecond that `PostgreSQL` keeps.
    fn now(&self) -> Timestamp;

    /// A fresh id, `UUIDv7` (RFC 9562) of this clock's time.
    fn new_id(&self) -> Uuid {
        let now = self.now();
        let seconds = u64::try_from(now.as_second()).unwrap_or(0);
        let nanos = u32::try_from(now.subsec_nanosecond()).unwrap_or(0);
        Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, seconds, nanos))
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
