//! Who goes.

use common::types::{CourierId, GeoPoint, Timestamp};

/// A free courier of the right cell.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Candidate {
    pub(crate) courier: CourierId,
    /// Where the courier's vehicle was last.
    pub(crate) place: Option<GeoPoint>,
    /// When it last gave a sign of life.
    pub(crate) seen: Option<Timestamp>,
}

/// Puts the nearest first: those heard since `fresh_since` by distance, then those whose last position is
/// old, then those who never had one. Ties go by id, so that every worker sees the same order.
pub(crate) fn sort_by_nearness(
    candidates: &mut [Candidate],
    pickup: GeoPoint,
    fresh_since: Timestamp,
) {
    candidates.sort_by(|a, b| {
        let rank = |candidate: &Candidate| {
            let fresh = candidate.seen.is_some_and(|seen| seen >= fresh_since);
            let distance_m =
                candidate.place.map_or(f64::INFINITY, |place| place.distance_m(pickup));
            (!fresh, distance_m, candidate.courier)
        };
        let (a, b) = (rank(a), rank(b));
        a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.cmp(&b.2))
    });
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn candidate(n: u128, lat: Option<f64>, seen_s: Option<i64>) -> Candidate {
        Candidate {
            courier: CourierId::from_uuid(Uuid::from_u128(n)),
            place: lat.map(|lat| GeoPoint::new(lat, 1.5).unwrap()),
            seen: seen_s.map(|s| Timestamp::from_second(s).unwrap()),
        }
    }

    #[test]
    fn the_nearest_goes_and_an_unknown_place_is_far() {
        let mut candidates = [
            candidate(1, None, None),
            candidate(2, Some(42.9), Some(100)),
            candidate(3, Some(42.51), Some(100)),
            candidate(4, Some(42.5), Some(5)),
            candidate(5, Some(42.49), Some(100)),
        ];

        let pickup = GeoPoint::new(42.5, 1.5).unwrap();
        sort_by_nearness(&mut candidates, pickup, Timestamp::from_second(50).unwrap());

        let order = candidates.map(|candidate| candidate.courier.as_uuid().as_u128());
        assert_eq!(order, [3, 5, 2, 4, 1], "4 is at the door, but silent; 1 was never heard");
    }
}
