//! A city of streets: a grid with uneven blocks and closed segments, made from a seed.

use std::collections::VecDeque;

use common::types::GeoPoint;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// Metres of a degree of latitude.
const DEGREE_M: f64 = 111_195.0;
const BLOCK_M: f64 = 90.0;
/// Blocks are so much longer or shorter.
const UNEVEN: f64 = 0.35;
/// Streets beyond the outermost store, on each side.
const MARGIN_M: f64 = 1_000.0;
/// Of so many cross streets one is never closed: every corner can be reached.
const THROUGH: usize = 4;
const CLOSED: f64 = 0.25;

/// Corners and the streets between them.
#[derive(Debug)]
pub(super) struct City {
    lats: Vec<f64>,
    lons: Vec<f64>,
    /// Closed to the east of a corner.
    closed: Vec<bool>,
}

impl City {
    /// The city around these places.
    pub(super) fn around(places: &[GeoPoint], seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let bounds = |of: fn(GeoPoint) -> f64| {
            let values = places.iter().map(|place| of(*place));
            values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
                (low.min(value), high.max(value))
            })
        };
        let (south, north) = bounds(GeoPoint::lat);
        let (west, east) = bounds(GeoPoint::lon);
        let lon_m = DEGREE_M * f64::midpoint(south, north).to_radians().cos().max(0.01);
        let mut streets = |low: f64, high: f64, degree_m: f64| {
            let (mut at, mut all) = (low - MARGIN_M / degree_m, Vec::new());
            while at < high + MARGIN_M / degree_m {
                all.push(at);
                at += BLOCK_M * (1.0 + random.random_range(-UNEVEN..UNEVEN)) / degree_m;
            }
            all
        };
        let (lats, lons) = (streets(south, north, DEGREE_M), streets(west, east, lon_m));
        let closed = (0..lats.len() * lons.len())
            .map(|corner| {
                !(corner / lons.len()).is_multiple_of(THROUGH) && random.random_bool(CLOSED)
            })
            .collect();
        Self { lats, lons, closed }
    }

    /// A corner within `metres` of a place.
    pub(super) fn corner_near(
        &self,
        place: GeoPoint,
        metres: f64,
        random: &mut StdRng,
    ) -> GeoPoint {
        let near: Vec<GeoPoint> = (0..self.closed.len())
            .filter_map(|corner| self.place(corner))
            .filter(|corner| corner.distance_m(place) <= metres)
            .collect();
        let nth = random.random_range(0..near.len().max(1));
        near.get(nth).copied().unwrap_or(place)
    }

    /// The way from one place to another: to the nearest corner, along streets, to the door.
    pub(super) fn route(&self, from: GeoPoint, to: GeoPoint) -> Vec<GeoPoint> {
        let (start, goal) = (self.nearest(from), self.nearest(to));
        let mut way = vec![from];
        way.extend(self.corners(start, goal).into_iter().filter_map(|corner| self.place(corner)));
        way.push(to);
        way.dedup();
        way
    }

    /// Fewest blocks, found by breadth-first search.
    fn corners(&self, start: usize, goal: usize) -> Vec<usize> {
        let mut came_from = vec![usize::MAX; self.closed.len()];
        let mut open = VecDeque::from([goal]);
        if let Some(mark) = came_from.get_mut(goal) {
            *mark = goal;
        }
        while let Some(corner) = open.pop_front() {
            if corner == start {
                break;
            }
            for next in self.neighbours(corner) {
                if let Some(mark) = came_from.get_mut(next)
                    && *mark == usize::MAX
                {
                    *mark = corner;
                    open.push_back(next);
                }
            }
        }
        let mut way = vec![start];
        while let Some(last) = way.last().copied().filter(|last| *last != goal) {
            match came_from.get(last) {
                Some(&next) if next != usize::MAX => way.push(next),
                _ => return way,
            }
        }
        way
    }

    fn neighbours(&self, corner: usize) -> impl Iterator<Item = usize> {
        let width = self.lons.len();
        let (row, column) = (corner / width, corner % width);
        let open_east = |corner: usize| self.closed.get(corner).is_some_and(|closed| !closed);
        let east = (column + 1 < width && open_east(corner)).then_some(corner + 1);
        let west = corner.checked_sub(1).filter(|west| column > 0 && open_east(*west));
        let north = (row + 1 < self.lats.len()).then_some(corner + width);
        let south = corner.checked_sub(width);
        [east, west, north, south].into_iter().flatten()
    }

    fn nearest(&self, place: GeoPoint) -> usize {
        let row = closest(&self.lats, place.lat());
        row * self.lons.len() + closest(&self.lons, place.lon())
    }

    fn place(&self, corner: usize) -> Option<GeoPoint> {
        let width = self.lons.len();
        let (lat, lon) = (self.lats.get(corner / width)?, self.lons.get(corner % width)?);
        GeoPoint::new(*lat, *lon).ok()
    }
}

fn closest(streets: &[f64], at: f64) -> usize {
    let distance = |street: &f64| (street - at).abs();
    let best = streets
        .iter()
        .enumerate()
        .min_by(|(_, left), (_, right)| distance(left).total_cmp(&distance(right)));
    best.map_or(0, |(index, _)| index)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> GeoPoint {
        GeoPoint::new(40.729, -73.987).unwrap()
    }

    #[test]
    fn the_same_seed_builds_the_same_city_and_another_another() {
        let way = |seed| {
            let city = City::around(&[store()], seed);
            let mut random = StdRng::seed_from_u64(7);
            city.route(store(), city.corner_near(store(), 800.0, &mut random))
        };
        assert_eq!(way(1), way(1));
        assert_ne!(way(1), way(2));
    }

    #[test]
    fn every_corner_can_be_reached_along_streets() {
        let city = City::around(&[store()], 3);
        let mut random = StdRng::seed_from_u64(5);
        for _ in 0..200 {
            let (from, to) = (
                city.corner_near(store(), 1_500.0, &mut random),
                city.corner_near(store(), 1_500.0, &mut random),
            );
            let way = city.route(from, to);
            assert_eq!((way.first(), way.last()), (Some(&from), Some(&to)));
            for (here, there) in way.iter().zip(way.iter().skip(1)) {
                let straight = here.lat().to_bits() == there.lat().to_bits()
                    || here.lon().to_bits() == there.lon().to_bits();
                assert!(straight && here.distance_m(*there) < BLOCK_M * 1.5, "{here:?} {there:?}");
            }
        }
    }

    #[test]
    fn doors_are_where_the_store_delivers() {
        let city = City::around(&[store()], 1);
        let mut random = StdRng::seed_from_u64(1);
        for _ in 0..100 {
            assert!(city.corner_near(store(), 700.0, &mut random).distance_m(store()) <= 700.0);
        }
    }
}
