//! What becomes of each packet, by the seed.

use std::time::Duration;

use rand::Rng;
use rand::rngs::StdRng;

/// How the line is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::chaos) struct Weather {
    /// So many of a hundred packets are lost.
    pub(in crate::chaos) loss_pct: u8,
    /// So many of a hundred come twice.
    pub(in crate::chaos) doubled_pct: u8,
    /// Each one comes up to so much later; the next one may overtake it.
    pub(in crate::chaos) jitter: Duration,
}

/// When a packet arrives, from now: never, once or twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fate {
    pub(super) once: Option<Duration>,
    pub(super) again: Option<Duration>,
}

impl Fate {
    /// Draws the fate of the next packet. It takes as many throws in any weather, so that the n-th packet
    /// meets with the same whatever the weather was before.
    pub(super) fn draw(dice: &mut StdRng, weather: Weather) -> Self {
        let mut hundred = || dice.random_range(0..100_u8);
        let (lost, doubled) = (hundred() < weather.loss_pct, hundred() < weather.doubled_pct);
        let mut late = || weather.jitter.mul_f64(dice.random::<f64>());
        let (once, again) = (late(), late());
        Self { once: (!lost).then_some(once), again: (!lost && doubled).then_some(again) }
    }
}

/// Swaps sender and receiver of an IPv4 packet (RFC 791); false where it is none. A checksum is a sum, to
/// which order is nothing: that of the header and those of TCP and UDP stay right.
pub(super) fn reflect(packet: &mut [u8]) -> bool {
    let is_v4 = packet.first().is_some_and(|first| first >> 4 == 4);
    let Some((from, to)) = packet.get_mut(12..20).and_then(|it| it.split_at_mut_checked(4)) else {
        return false;
    };
    if is_v4 {
        from.swap_with_slice(to);
    }
    is_v4
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    const ROUGH: Weather =
        Weather { loss_pct: 10, doubled_pct: 5, jitter: Duration::from_millis(10) };

    fn fates(seed: u64, weather: Weather) -> Vec<Fate> {
        let mut dice = StdRng::seed_from_u64(seed);
        (0..10_000).map(|_| Fate::draw(&mut dice, weather)).collect()
    }

    /// The sum of RFC 1071.
    fn sum(header: &[u8]) -> u16 {
        let words = header.chunks(2).map(|two| u32::from(two[0]) << 8 | u32::from(two[1]));
        let sum = words.sum::<u32>();
        u16::try_from((sum & 0xffff) + (sum >> 16)).unwrap()
    }

    #[test]
    fn the_same_seed_loses_the_same_packets() {
        assert_eq!(fates(7, ROUGH), fates(7, ROUGH));
        assert_ne!(fates(7, ROUGH), fates(8, ROUGH));
    }

    #[test]
    fn as_many_are_lost_and_doubled_as_the_weather_says() {
        let fates = fates(1, ROUGH);
        let lost = fates.iter().filter(|fate| fate.once.is_none()).count();
        let doubled = fates.iter().filter(|fate| fate.again.is_some()).count();
        assert!((900..1_100).contains(&lost), "{lost}");
        assert!((370..530).contains(&doubled), "{doubled}");
        assert!(fates.iter().filter_map(|fate| fate.once).all(|late| late <= ROUGH.jitter));
    }

    #[test]
    fn in_calm_weather_everything_arrives_once_and_at_once() {
        let calm = Fate { once: Some(Duration::ZERO), again: None };
        assert!(fates(1, Weather::default()).iter().all(|fate| *fate == calm));
    }

    #[test]
    fn what_a_packet_meets_with_does_not_depend_on_former_weather() {
        let (mut one, mut other) = (StdRng::seed_from_u64(3), StdRng::seed_from_u64(3));
        for _ in 0..100 {
            Fate::draw(&mut one, ROUGH);
            Fate::draw(&mut other, Weather::default());
        }
        assert_eq!(Fate::draw(&mut one, ROUGH), Fate::draw(&mut other, ROUGH));
    }

    #[test]
    fn a_reflected_packet_goes_back_and_its_checksum_holds() {
        let mut packet =
            vec![0x45, 0, 0, 20, 0, 1, 0x40, 0, 64, 6, 0x26, 0x1b, 10, 99, 0, 1, 10, 99, 0, 2];
        let before = sum(&packet);
        assert!(reflect(&mut packet));
        assert_eq!(packet[12..], [10, 99, 0, 2, 10, 99, 0, 1]);
        assert_eq!((sum(&packet), before), (0xffff, 0xffff));
    }

    #[test]
    fn what_is_no_ipv4_is_not_touched() {
        for mut packet in [vec![], vec![0x45; 12], vec![0x60; 40]] {
            let before = packet.clone();
            assert!(!reflect(&mut packet));
            assert_eq!(packet, before);
        }
    }
}
