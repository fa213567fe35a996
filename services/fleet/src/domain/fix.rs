//! Positions, and which of them to believe (FLT-06).

use common::types::{GeoPoint, Timestamp};
use uuid::Uuid;

use super::words;

const AHEAD_MAX_S: i64 = 60;
const AGE_MAX_S: i64 = 7 * 24 * 3_600;
const ACCURACY_MAX_M: f64 = 100.0;
const SPEED_LIMIT_MPS: f64 = 400.0;

/// What a device says about where it is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reading {
    pub(crate) boot: Uuid,
    pub(crate) seq: i64,
    pub(crate) at: Timestamp,
    pub(crate) place: GeoPoint,
    pub(crate) speed_mps: Option<f64>,
    pub(crate) course_deg: Option<f64>,
    pub(crate) accuracy_m: Option<f64>,
    pub(crate) battery_pct: Option<f64>,
}

/// Where a vehicle is, and the place of that in the vehicle's history.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Fix {
    pub(crate) boot_ord: i64,
    pub(crate) seq: i64,
    pub(crate) at: Timestamp,
    pub(crate) place: GeoPoint,
    pub(crate) speed_mps: Option<f64>,
    pub(crate) course_deg: Option<f64>,
}

words! {
    /// Why a message was turned away.
    Cause {
        /// More than 16 384 bytes.
        Oversize = "oversize",
        /// No JSON of the right shape.
        Unreadable = "unreadable",
        /// A number that cannot be.
        Invalid = "invalid",
        /// 0/0, which sensors say when they know nothing.
        NullIsland = "null_island",
        /// More than 7 days old.
        TooOld = "too_old",
        /// More than 60 s ahead.
        Ahead = "ahead",
        /// More than 100 m uncertain.
        Inaccurate = "inaccurate",
        /// Faster than a vehicle can be.
        Jump = "jump",
        /// No vehicle of ours.
        UnknownVehicle = "unknown_vehicle",
        /// More messages than a vehicle may send.
        Throttled = "throttled",
        /// More messages than this process can take.
        Overflow = "overflow",
        /// No topic of ours.
        UnknownTopic = "unknown_topic",
        /// We failed at it.
        Broken = "broken",
    }
}

impl Reading {
    /// Whether the reading can be believed by itself.
    pub(crate) fn check(&self, now: Timestamp) -> Result<(), Cause> {
        let sane = self.seq >= 1
            && self.speed_mps.is_none_or(|v| (0.0..=SPEED_LIMIT_MPS).contains(&v))
            && self.course_deg.is_none_or(|v| (0.0..=360.0).contains(&v))
            && self.accuracy_m.is_none_or(|v| v >= 0.0)
            && self.battery_pct.is_none_or(|v| (0.0..=100.0).contains(&v));
        let age_s = now.duration_since(self.at).as_secs();
        if !sane {
            Err(Cause::Invalid)
        } else if self.place.lat() == 0.0 && self.place.lon() == 0.0 {
            Err(Cause::NullIsland)
        } else if age_s < -AHEAD_MAX_S {
            Err(Cause::Ahead)
        } else if age_s > AGE_MAX_S {
            Err(Cause::TooOld)
        } else if self.accuracy_m.is_some_and(|v| v > ACCURACY_MAX_M) {
            Err(Cause::Inaccurate)
        } else {
            Ok(())
        }
    }

    /// The reading as the fix of the `boot_ord`th start of its device.
    pub(crate) const fn as_fix(&self, boot_ord: i64) -> Fix {
        Fix {
            boot_ord,
            seq: self.seq,
            at: self.at,
            place: self.place,
            speed_mps: self.speed_mps,
            course_deg: self.course_deg,
        }
    }
}

impl Fix {
    /// Its place in the vehicle's history.
    pub(crate) const fn order(&self) -> (i64, i64) {
        (self.boot_ord, self.seq)
    }

    /// Whether the vehicle would have had to be faster than `speed_max_mps` to come here from `before`.
    /// Two starts of a device are not compared: between them it may have been carried anywhere.
    pub(crate) fn jumps_from(&self, before: &Self, speed_max_mps: f64) -> bool {
        let seconds = self.at.duration_since(before.at).as_secs_f64();
        self.boot_ord == before.boot_ord
            && self.seq > before.seq
            && seconds > 0.0
            && before.place.distance_m(self.place) > speed_max_mps * seconds.max(1.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn now() -> Timestamp {
        "2026-11-20T12:00:00Z".parse().unwrap()
    }

    fn reading() -> Reading {
        Reading {
            boot: Uuid::from_u128(1),
            seq: 1,
            at: now(),
            place: GeoPoint::new(42.5, 1.5).unwrap(),
            speed_mps: Some(7.0),
            course_deg: Some(90.0),
            accuracy_m: Some(5.0),
            battery_pct: Some(80.0),
        }
    }

    #[test]
    fn what_cannot_be_is_turned_away_by_its_cause() {
        let at = |text: &str| text.parse().unwrap();
        let cases: [(Reading, Result<(), Cause>); 11] = [
            (reading(), Ok(())),
            (Reading { seq: 0, ..reading() }, Err(Cause::Invalid)),
            (Reading { speed_mps: Some(-1.0), ..reading() }, Err(Cause::Invalid)),
            (Reading { course_deg: Some(361.0), ..reading() }, Err(Cause::Invalid)),
            (Reading { battery_pct: Some(f64::NAN), ..reading() }, Err(Cause::Invalid)),
            (
                Reading { place: GeoPoint::new(0.0, 0.0).unwrap(), ..reading() },
                Err(Cause::NullIsland),
            ),
            (Reading { at: at("2026-11-20T12:01:01Z"), ..reading() }, Err(Cause::Ahead)),
            (Reading { at: at("2026-11-20T12:01:00Z"), ..reading() }, Ok(())),
            (Reading { at: at("2026-11-13T11:59:59Z"), ..reading() }, Err(Cause::TooOld)),
            (Reading { accuracy_m: Some(100.0), ..reading() }, Ok(())),
            (Reading { accuracy_m: Some(100.5), ..reading() }, Err(Cause::Inaccurate)),
        ];
        for (reading, expected) in cases {
            assert_eq!(reading.check(now()), expected, "{reading:?}");
        }
    }

    #[test]
    fn nobody_drives_a_kilometre_in_ten_seconds() {
        let before = reading().as_fix(1);
        let later = |seconds: i64, lat: f64, boot_ord: i64| Fix {
            at: now() + jiff::SignedDuration::from_secs(seconds),
            seq: 2,
            boot_ord,
            place: GeoPoint::new(lat, 1.5).unwrap(),
            ..before
        };

        assert!(later(10, 42.509, 1).jumps_from(&before, 55.0), "1 km in 10 s");
        assert!(!later(10, 42.504, 1).jumps_from(&before, 55.0), "444 m in 10 s");
        assert!(!later(30, 42.509, 1).jumps_from(&before, 55.0), "1 km in 30 s");
        assert!(!later(10, 42.509, 2).jumps_from(&before, 55.0), "the device was started anew");
    }

    proptest! {
        #[test]
        fn what_stays_within_the_speed_limit_is_no_jump(seconds in 1_i64..10_000, share in 0.0..0.99_f64) {
            let before = reading().as_fix(1);
            #[expect(clippy::cast_precision_loss, reason = "small numbers")]
            let metres = 55.0 * seconds as f64 * share;
            let lat = (42.5 + metres / 111_195.0).min(89.0);
            let fix = Fix {
                at: now() + jiff::SignedDuration::from_secs(seconds),
                seq: 2,
                place: GeoPoint::new(lat, 1.5).unwrap(),
                ..before
            };
            prop_assert!(!fix.jumps_from(&before, 55.0));
        }
    }
}
