//! Points at which a process can be made to end as suddenly as by `SIGKILL`: before and after each commit
//! and each call to another service.
//!
//! They exist only under the feature `chaos`, which no release has. `CLOUDEATS_CRASH_AT` names one as
//! `<service>.<step>.<before|after>[:n]`: the process ends when it comes there for the n-th time. A
//! commit's step is where it stands, `place_order-242`; a call's step is its path without ids and
//! `-to-<peer>`. With `CLOUDEATS_CRASH_POINTS` each point is written to that file when it is first met.

#[cfg(not(feature = "chaos"))]
use std::panic::Location;

/// On which side of the step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Nothing has been sent.
    Before,
    /// It is done, and nobody has been told.
    After,
}

/// A commit at `place` is near.
#[cfg(not(feature = "chaos"))]
#[inline]
pub const fn at_commit(_side: Side, _place: &Location<'_>) {}

/// A call to `peer` is near.
#[cfg(not(feature = "chaos"))]
#[inline]
pub const fn at_call(_side: Side, _path: &str, _peer: &str) {}

#[cfg(feature = "chaos")]
pub use self::armed::{at_call, at_commit};

#[cfg(feature = "chaos")]
mod armed {
    use std::collections::HashSet;
    use std::fs::OpenOptions;
    use std::io::Write;
    use std::panic::Location;
    use std::path::Path;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::sync::{LazyLock, Mutex, PoisonError};

    use super::Side;

    /// Where this process is to end.
    struct Armed {
        point: String,
        /// So many times it passes, and then no more.
        left: AtomicU64,
    }

    static SERVICE: LazyLock<String> = LazyLock::new(|| {
        let binary = std::env::current_exe().unwrap_or_default();
        binary.file_name().unwrap_or_default().to_string_lossy().into_owned()
    });
    static ARMED: LazyLock<Option<Armed>> =
        LazyLock::new(|| variable("CLOUDEATS_CRASH_AT").map(|text| Armed::parse(&text)));
    static LISTED: LazyLock<Option<String>> = LazyLock::new(|| variable("CLOUDEATS_CRASH_POINTS"));
    static MET: LazyLock<Mutex<HashSet<String>>> = LazyLock::new(Mutex::default);

    /// A commit at `place` is near.
    pub fn at_commit(side: Side, place: &Location<'_>) {
        reached(side, || commit(place.file(), place.line()));
    }

    /// A call to `peer` is near.
    pub fn at_call(side: Side, path: &str, peer: &str) {
        reached(side, || call(path, peer));
    }

    fn reached(side: Side, step: impl FnOnce() -> String) {
        if ARMED.is_none() && LISTED.is_none() {
            return;
        }
        let point = name(&SERVICE, &step(), side);
        if let Some(file) = LISTED.as_deref() {
            list(file, &point);
        }
        if let Some(armed) = ARMED.as_ref().filter(|armed| armed.point == point)
            && armed.left.fetch_sub(1, Ordering::Relaxed) == 1
        {
            // Past all telemetry: whoever is killed says nothing, but the judge must know that it landed.
            let _nobody_reads = writeln!(std::io::stderr(), "crash point {point}");
            std::process::abort();
        }
    }

    fn name(service: &str, step: &str, side: Side) -> String {
        let side = match side {
            Side::Before => "before",
            Side::After => "after",
        };
        format!("{service}.{step}.{side}")
    }

    fn commit(file: &str, line: u32) -> String {
        let stem = Path::new(file).file_stem().unwrap_or_default();
        format!("{}-{line}", stem.to_string_lossy())
    }

    /// Words are what a path has; ids have digits.
    fn call(path: &str, peer: &str) -> String {
        let path = path.split('?').next().unwrap_or_default();
        let word =
            |part: &&str| part.chars().all(|it| it.is_ascii_lowercase() || it == '-' || it == '_');
        let words: Vec<&str> =
            path.split('/').filter(|part| !part.is_empty()).filter(word).collect();
        format!("{}-to-{peer}", words.join("-"))
    }

    /// A point is one line; lines of several processes do not mix, as each is one write.
    fn list(file: &str, point: &str) {
        let mut met = MET.lock().unwrap_or_else(PoisonError::into_inner);
        if met.insert(point.to_owned()) {
            let opened = OpenOptions::new().append(true).create(true).open(file);
            let _not_listed =
                opened.and_then(|mut file| file.write_all(format!("{point}\n").as_bytes()));
        }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "not a setting of the service: a lens of the tests"
    )]
    fn variable(name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    impl Armed {
        fn parse(text: &str) -> Self {
            let (point, n) = text.split_once(':').unwrap_or((text, "1"));
            Self { point: point.to_owned(), left: AtomicU64::new(n.parse().unwrap_or(1)) }
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_point_is_named_by_service_step_and_side() {
            let step = commit("services/orders/src/app/place_order.rs", 242);
            assert_eq!(name("orders", &step, Side::Before), "orders.place_order-242.before");
            let step = call(
                "/v1/internal/payments/0190aa00-0000-7000-8000-000000000001/void?x=1",
                "payment",
            );
            assert_eq!(
                name("orders", &step, Side::After),
                "orders.internal-payments-void-to-payment.after"
            );
        }

        #[test]
        fn the_first_time_is_meant_unless_another_is_named() {
            let (first, third) = (Armed::parse("a.b.after"), Armed::parse("a.b.after:3"));
            assert_eq!((first.point, first.left.into_inner()), ("a.b.after".to_owned(), 1));
            assert_eq!(third.left.into_inner(), 3);
        }
    }
}
