//! Taking down where vehicles are.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use common::{
    mutants,
    types::{DeliveryId, Timestamp, VehicleId},
};
use postgres_kit::{Db, PgConnection, StoreError};
use uuid::Uuid;

use crate::{
    App,
    domain::{Cause, Fix, NEARBY_M, Reading},
    events, metrics,
    store::{
        self,
        positions::{Point, Rejected},
    },
};

/// Vehicles remembered; beyond, everything is looked up again.
const TRACKERS_MAX: usize = 100_000;

/// A message about where a vehicle is.
#[derive(Debug, Clone)]
pub(crate) struct Sighting {
    pub(crate) vehicle: VehicleId,
    /// The last part of its topic.
    pub(crate) kind: &'static str,
    /// What it says, or why that cannot be read.
    pub(crate) reading: Result<Reading, Cause>,
    pub(crate) payload: Bytes,
}

/// What is remembered of the vehicles heard.
#[derive(Debug, Default)]
pub(super) struct Trackers(HashMap<VehicleId, Tracker>);

#[derive(Debug, Clone, Copy)]
struct Tracker {
    boot: Uuid,
    boot_ord: i64,
    last: Option<Fix>,
}

/// What a batch comes to.
#[derive(Default)]
struct Sorted {
    points: Vec<Point>,
    rejected: Vec<Rejected>,
    moved: BTreeMap<VehicleId, Fix>,
    seen: HashMap<VehicleId, Tracker>,
}

impl App {
    /// Takes down a batch in one transaction; what cannot be believed is counted and kept apart. The same
    /// batch again changes nothing.
    pub(crate) async fn record_telemetry(&self, batch: &[Sighting]) -> Result<(), StoreError> {
        let now = self.clock.now();
        let mut trackers = self.trackers.lock().await;
        let sorted = self.sort(&trackers, batch, now).await?;
        let moved: Vec<(VehicleId, Fix)> =
            sorted.moved.iter().map(|(vehicle, fix)| (*vehicle, *fix)).collect();

        let mut tx = self.db.begin().await?;
        if !sorted.points.is_empty() {
            store::positions::move_to(&mut tx, &moved).await?;
            store::positions::insert_track(&mut tx, &sorted.points, now).await?;
            store::presence::set_seen(&mut tx, &vehicles_of(&sorted.points), now).await?;
        }
        if !sorted.rejected.is_empty() {
            store::positions::quarantine(&mut tx, &sorted.rejected, now).await?;
        }
        tx.commit().await?;

        if trackers.0.len() > TRACKERS_MAX {
            trackers.0.clear();
        }
        trackers.0.extend(sorted.seen);
        drop(trackers);
        metrics::accepted(sorted.points.len());
        for message in &sorted.rejected {
            metrics::rejected(message.kind, message.cause);
        }
        self.live.move_to(&moved);
        self.tell_who_is_near(&moved, now).await;
        Ok(())
    }

    async fn sort(
        &self,
        trackers: &Trackers,
        batch: &[Sighting],
        now: Timestamp,
    ) -> Result<Sorted, StoreError> {
        let mut sorted = Sorted::default();
        for sighting in batch {
            let vehicle = sighting.vehicle;
            match self.believe(trackers, &mut sorted, sighting, now).await? {
                Ok(point) => sorted.points.push(point),
                Err(cause) => {
                    let (kind, payload) = (sighting.kind, sighting.payload.clone());
                    sorted.rejected.push(Rejected { vehicle, kind, cause, payload });
                }
            }
        }
        Ok(sorted)
    }

    async fn believe(
        &self,
        trackers: &Trackers,
        sorted: &mut Sorted,
        sighting: &Sighting,
        now: Timestamp,
    ) -> Result<Result<Point, Cause>, StoreError> {
        let vehicle = sighting.vehicle;
        let reading = match &sighting.reading {
            Ok(reading) => reading,
            Err(cause) => return Ok(Err(*cause)),
        };
        if let Err(cause) = reading.check(now) {
            return Ok(Err(cause));
        }
        let known = sorted.seen.get(&vehicle).or_else(|| trackers.0.get(&vehicle)).copied();
        let Some((boot_ord, mut tracker)) =
            place_in_history(&self.db, vehicle, reading, known, now).await?
        else {
            return Ok(Err(Cause::UnknownVehicle));
        };
        let fix = reading.as_fix(boot_ord);
        if tracker.last.is_some_and(|last| fix.jumps_from(&last, self.settings.speed_max_mps)) {
            return Ok(Err(Cause::Jump));
        }
        let newer = tracker.last.is_none_or(|last| fix.order() > last.order());
        if newer || mutants::on("last_arrival_wins") {
            tracker = Tracker { boot: reading.boot, boot_ord, last: Some(fix) };
            sorted.moved.insert(vehicle, fix);
        }
        sorted.seen.insert(vehicle, tracker);
        Ok(Ok(Point { vehicle, boot_ord, reading: reading.clone() }))
    }

    /// A customer who is not told now is told at the next position.
    async fn tell_who_is_near(&self, moved: &[(VehicleId, Fix)], now: Timestamp) {
        if let Err(error) = self.try_tell_who_is_near(moved, now).await {
            tracing::warn!(error = %error, "could not tell who is near");
        }
    }

    async fn try_tell_who_is_near(
        &self,
        moved: &[(VehicleId, Fix)],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if moved.is_empty() {
            return Ok(());
        }
        let vehicles: Vec<Uuid> = moved.iter().map(|(vehicle, _)| vehicle.as_uuid()).collect();
        let approaching =
            store::deliveries::list_approaching(&mut *self.db.acquire().await?, &vehicles).await?;
        for (id, vehicle, door) in approaching {
            let near = |(moved, fix): &(VehicleId, Fix)| {
                *moved == vehicle && fix.place.distance_m(door) <= NEARBY_M
            };
            if moved.iter().any(near) {
                self.tell_nearby(id, now).await?;
            }
        }
        Ok(())
    }

    async fn tell_nearby(&self, id: DeliveryId, now: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        if store::deliveries::set_nearby(&mut tx, id, now).await? {
            stage_nearby(&mut tx, id, now).await?;
        }
        tx.commit().await
    }
}

async fn stage_nearby(
    tx: &mut PgConnection,
    id: DeliveryId,
    now: Timestamp,
) -> Result<(), StoreError> {
    match store::deliveries::find(tx, id).await? {
        Some(delivery) => events::stage_nearby(tx, &delivery, now).await,
        None => Ok(()),
    }
}

/// Which start of its device a reading belongs to, and what is known of the vehicle so far; `None` for a
/// vehicle that is none of ours.
async fn place_in_history(
    db: &Db,
    vehicle: VehicleId,
    reading: &Reading,
    known: Option<Tracker>,
    now: Timestamp,
) -> Result<Option<(i64, Tracker)>, StoreError> {
    if let Some(tracker) = known.filter(|tracker| tracker.boot == reading.boot) {
        return Ok(Some((tracker.boot_ord, tracker)));
    }
    let mut db = db.acquire().await?;
    let found = store::positions::find_or_insert_boot(&mut db, vehicle, reading.boot, now).await?;
    let Some(boot_ord) = found else { return Ok(None) };
    let tracker = match known {
        Some(tracker) => tracker,
        None => Tracker {
            boot: reading.boot,
            boot_ord,
            last: store::positions::find(&mut db, vehicle).await?,
        },
    };
    Ok(Some((boot_ord, tracker)))
}

fn vehicles_of(points: &[Point]) -> Vec<Uuid> {
    let mut vehicles: Vec<Uuid> = points.iter().map(|point| point.vehicle.as_uuid()).collect();
    vehicles.sort_unstable();
    vehicles.dedup();
    vehicles
}

#[cfg(test)]
mod live {
    use sqlx::PgPool;

    use super::*;
    use crate::bench::{Bench, DOOR, STORE};

    async fn position(db: &PgPool) -> (i64, i64, f64) {
        sqlx::query_as("SELECT boot_ord, seq, lat FROM vehicle_position")
            .fetch_one(db)
            .await
            .unwrap()
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_position_never_goes_back_and_late_points_are_history(db: PgPool) {
        let bench = Bench::new(db.clone());
        let vehicle = bench.a_vehicle(1).await;

        for seq in [2, 3, 3, 1] {
            bench.seconds_pass(1);
            let north = f64::from(i32::try_from(seq).unwrap()) * 1e-4;
            bench.reports(vehicle, seq, (STORE.0 + north, STORE.1)).await;
        }

        let (_, seq, lat) = position(&db).await;
        assert_eq!((seq, lat), (3, STORE.0 + 3e-4));
        assert_eq!(bench.count("vehicle_track").await, 3);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_device_that_starts_anew_counts_anew(db: PgPool) {
        let bench = Bench::new(db.clone());
        let vehicle = bench.a_vehicle(1).await;
        bench.reports(vehicle, 50, STORE).await;
        bench.seconds_pass(1);
        let mut anew = bench.sighting(vehicle, 1, DOOR);
        if let Ok(reading) = &mut anew.reading {
            reading.boot = Uuid::from_u128(77);
        }

        bench.app.record_telemetry(&[anew]).await.unwrap();
        bench.reports(vehicle, 51, STORE).await;

        let (boot_ord, seq, lat) = position(&db).await;
        assert_eq!((boot_ord, seq, lat), (2, 1, DOOR.0), "what came late is of the first start");
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn one_batch_keeps_the_good_and_turns_the_bad_away(db: PgPool) {
        let bench = Bench::new(db.clone());
        let vehicle = bench.a_vehicle(1).await;
        let mut batch = vec![
            bench.sighting(vehicle, 1, STORE),
            bench.sighting(Bench::vehicle_id(9), 1, STORE),
            bench.sighting(vehicle, 3, (0.0, 0.0)),
        ];
        bench.seconds_pass(1);
        batch.push(bench.sighting(vehicle, 2, DOOR));
        let unreadable = Sighting { reading: Err(Cause::Unreadable), ..batch[0].clone() };
        batch.push(unreadable);

        bench.app.record_telemetry(&batch).await.unwrap();

        let causes: Vec<String> =
            sqlx::query_scalar("SELECT cause FROM telemetry_quarantine ORDER BY id")
                .fetch_all(&db)
                .await
                .unwrap();
        assert_eq!(causes, ["unknown_vehicle", "null_island", "jump", "unreadable"]);
        assert_eq!(bench.count("vehicle_track").await, 1);
        assert_eq!(bench.count("vehicle_position").await, 1);
        assert_eq!(bench.count("vehicle_presence").await, 1);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn the_customer_is_told_once_that_the_courier_is_near(db: PgPool) {
        let bench = Bench::new(db);
        bench.a_collected_delivery().await;
        let vehicle = Bench::vehicle_id(1);
        let before = bench.told().await.len();

        bench.reports(vehicle, 1, STORE).await;
        assert_eq!(bench.told().await.len(), before, "1.4 km is not near");
        bench.seconds_pass(60);
        bench.reports(vehicle, 2, (DOOR.0 - 0.002, DOOR.1)).await;
        bench.seconds_pass(60);
        bench.reports(vehicle, 3, DOOR).await;

        assert_eq!(bench.told().await[before..], ["courier_nearby"]);
    }
}
