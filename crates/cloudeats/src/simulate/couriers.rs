//! Couriers: they wait, collect, drive along the streets, and hand over at the door.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use common::types::GeoPoint;
use fleet_contract::http::{Deliveries, Delivery, DeliveryEventKind, SetAvailability};
use rand::SeedableRng;
use rand::rngs::StdRng;
use tokio::time::Instant;

use crate::api::Call;

use super::city::City;
use super::device::{Device, Told};
use super::world::{Rider, World};

/// How fast a courier rides in the city's own time, in metres per second.
const SPEED_MPS: f64 = 5.0;
/// A position each second of the city's time, but no more often than a vehicle may speak.
const REPORT_MIN_S: f64 = 0.2;
const REPORT_MAX_S: f64 = 1.0;
/// Points of a track are told one by one.
const TRACK_MIN: Duration = Duration::from_millis(110);
/// How often somebody who waits looks for work, and says where.
const LOOK: Duration = Duration::from_millis(800);
const STANDING: Duration = Duration::from_secs(5);
const NOT_READY: Duration = Duration::from_millis(400);
/// Where couriers wait.
const HOME_M: f64 = 500.0;
/// Ends of a way that are so near to those of the track are the same.
const SAME_PLACE_M: f64 = 20.0;

/// A courier on the road.
struct Ride<'a> {
    world: &'a World,
    rider: &'a Rider,
    city: &'a City,
    device: Device,
    at: GeoPoint,
}

/// Works until everybody goes home.
pub(super) async fn run(world: Arc<World>, nth: usize) {
    let Some(rider) = world.couriers.get(nth) else { return };
    if let Err(error) = work(&world, rider, nth).await {
        let email = &rider.hired.email;
        tracing::warn!(error = format!("{error:#}"), courier = email, "a courier went home");
        world.tally.troubles.add();
    }
}

async fn work(world: &World, rider: &Rider, nth: usize) -> anyhow::Result<()> {
    let ride = rider.hired.vehicle.as_ref().context("a courier without a vehicle")?;
    let city = world.cities.get(&ride.cell).context("a courier without a city")?;
    let mut random = StdRng::seed_from_u64(world.options.seed.wrapping_add(nth as u64));
    let store = world.stores.iter().find(|store| store.seed.cell == ride.cell);
    let home = store.context("a city without a store")?.at;
    let mut ride = Ride {
        world,
        rider,
        city,
        device: Device::start(&world.site, ride, &world.logbook, &world.home_time)?,
        at: city.corner_near(home, HOME_M, &mut random),
    };
    ride.stand();
    ride.set_available(true).await?;
    let outcome = ride.wait_for_work().await;
    let _has_a_delivery = ride.set_available(false).await;
    ride.device.end().await;
    outcome
}

impl Ride<'_> {
    async fn set_available(&self, available: bool) -> anyhow::Result<()> {
        let body = SetAvailability { available, note: None };
        let call = Call::put("/v1/couriers/me/availability", &body)?;
        self.rider.person.ask(&call).await?.expect_ok("no work")?;
        Ok(())
    }

    async fn wait_for_work(&mut self) -> anyhow::Result<()> {
        let mut stood = Instant::now();
        while self.world.pause(LOOK).await.is_some() {
            match self.mine().await {
                Ok(Some(delivery)) => {
                    self.world.tally.busy(true);
                    self.bring(&delivery).await;
                    self.world.tally.busy(false);
                    stood = Instant::now();
                }
                Ok(None) if stood.elapsed() > STANDING => {
                    self.stand();
                    stood = Instant::now();
                }
                Ok(None) => {}
                Err(error) => {
                    tracing::debug!(error = format!("{error:#}"), "no look at the work");
                    self.world.tally.troubles.add();
                }
            }
        }
        Ok(())
    }

    async fn mine(&self) -> anyhow::Result<Option<Delivery>> {
        let call = Call::get("/v1/deliveries?state=OPEN&limit=1");
        let answer = self.rider.person.ask(&call).await?.expect_ok("no deliveries")?;
        Ok(answer.json::<Deliveries>()?.deliveries.into_iter().next())
    }

    /// Brings a delivery, from wherever it stands. What is taken away meanwhile is let go.
    async fn bring(&mut self, delivery: &Delivery) -> Option<()> {
        use DeliveryEventKind::{ArriveDropoff, ArrivePickup, Deliver, Pickup};

        if matches!(delivery.state.as_str(), "ASSIGNED" | "AT_PICKUP") {
            self.drive_to(delivery.pickup).await?;
            self.tell(delivery, ArrivePickup).await?;
            self.tell(delivery, Pickup).await?;
        }
        match self.track(delivery) {
            Some(way) => self.drive(&way, true).await?,
            None => self.drive_to(delivery.dropoff).await?,
        }
        self.tell(delivery, ArriveDropoff).await?;
        self.tell(delivery, Deliver).await
    }

    /// The track, where it leads from this store to this door.
    fn track(&self, delivery: &Delivery) -> Option<Vec<GeoPoint>> {
        let track = self.world.options.track.as_ref()?;
        let same = |place: Option<GeoPoint>, other: GeoPoint| {
            place.is_some_and(|place| place.distance_m(other) < SAME_PLACE_M)
        };
        let leads = same(track.first(), delivery.pickup) && same(track.last(), delivery.dropoff);
        leads.then(|| track.points().to_vec())
    }

    async fn tell(&mut self, delivery: &Delivery, kind: DeliveryEventKind) -> Option<()> {
        loop {
            match self.device.tell(delivery.delivery_id, kind, self.at).await {
                Told::Taken => {
                    self.world.tally.facts_told.add();
                    return Some(());
                }
                Told::NotReady => self.world.pause(NOT_READY).await?,
                Told::Refused(code) => {
                    tracing::debug!(code, ?kind, delivery = %delivery.delivery_id, "let go");
                    return None;
                }
                Told::Nobody => return None,
            }
        }
    }

    fn stand(&mut self) {
        self.report(self.at, 0.0, None);
    }

    async fn drive_to(&mut self, place: GeoPoint) -> Option<()> {
        let way = self.city.route(self.at, place);
        self.drive(&way, false).await
    }

    /// Drives along a way and reports; `exactly`: at each of its points as well.
    async fn drive(&mut self, way: &[GeoPoint], exactly: bool) -> Option<()> {
        let speed_mps = SPEED_MPS * self.world.options.speed;
        let tick_s = (1.0 / self.world.options.speed).clamp(REPORT_MIN_S, REPORT_MAX_S);
        let mut rest_m = 0.0;
        for (from, to) in way.iter().zip(way.iter().skip(1)) {
            let (length_m, course) = (from.distance_m(*to), course_deg(*from, *to));
            let mut driven_m = rest_m;
            while driven_m + speed_mps * tick_s < length_m {
                self.world.pause(Duration::from_secs_f64(tick_s)).await?;
                driven_m += speed_mps * tick_s;
                self.report(between(*from, *to, driven_m / length_m), SPEED_MPS, Some(course));
            }
            if exactly {
                let left_s = (length_m - driven_m).max(0.0) / speed_mps;
                self.world.pause(Duration::from_secs_f64(left_s).max(TRACK_MIN)).await?;
                self.report(*to, SPEED_MPS, Some(course));
                self.world.tally.track_points_driven.add();
            } else {
                rest_m = driven_m - length_m;
            }
        }
        if let Some(end) = way.last() {
            self.report(*end, 0.0, None);
        }
        Some(())
    }

    fn report(&mut self, at: GeoPoint, speed_mps: f64, course: Option<f64>) {
        self.at = at;
        if self.device.report(at, speed_mps, course) {
            self.world.tally.positions_sent.add();
        }
    }
}

fn between(from: GeoPoint, to: GeoPoint, share: f64) -> GeoPoint {
    let mix = |a: f64, b: f64| (b - a).mul_add(share, a);
    GeoPoint::new(mix(from.lat(), to.lat()), mix(from.lon(), to.lon())).unwrap_or(to)
}

/// Degrees from north, on a map of a city's size.
fn course_deg(from: GeoPoint, to: GeoPoint) -> f64 {
    let east = (to.lon() - from.lon()) * from.lat().to_radians().cos();
    east.atan2(to.lat() - from.lat()).to_degrees().rem_euclid(360.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn courses_are_degrees_from_north() {
        let at = |lat, lon| GeoPoint::new(lat, lon).unwrap();
        let here = at(42.5, 1.5);
        for (there, course) in [
            (at(42.6, 1.5), 0.0),
            (at(42.5, 1.6), 90.0),
            (at(42.4, 1.5), 180.0),
            (at(42.5, 1.4), 270.0),
        ] {
            assert!((course_deg(here, there) - course).abs() < 0.1, "{course}");
        }
    }

    #[test]
    fn half_of_the_way_is_half_of_the_way() {
        let (from, to) = (GeoPoint::new(1.0, 2.0).unwrap(), GeoPoint::new(2.0, 4.0).unwrap());
        assert_eq!(between(from, to, 0.5), GeoPoint::new(1.5, 3.0).unwrap());
    }
}
