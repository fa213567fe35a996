//! The orders service: takes orders and keeps the promises made in them.

use std::{process::ExitCode, time::Duration};

use orders::{App, Config, MIGRATIONS, Parts, clients, events, projection, pruning, routes, saga};
use service_kit::{Intake, Kit, OpenApi, Service};

struct Orders;

impl Service for Orders {
    const NAME: &'static str = "orders";
    type Config = Config;

    fn openapi() -> OpenApi {
        routes::router().into_openapi()
    }

    async fn migrate(config: Config) -> anyhow::Result<()> {
        postgres_kit::migrate(&config.postgres, &MIGRATIONS).await
    }

    async fn boot(config: Config, kit: &mut Kit) -> anyhow::Result<()> {
        let db = postgres_kit::connect(&config.postgres).await?;
        let clock = postgres_kit::clock(kit.clock());
        let log = event_kit::connect(&config.events).await?;
        let dynamo = dynamo_kit::connect(&config.dynamo).await?;
        let ask = saga::Participants {
            inventory: clients::Inventory::new(kit.client(&config.inventory_url, "inventory")?),
            payment: clients::Payment::new(kit.client(&config.payment_url, "payment")?),
            fleet: clients::Fleet::new(kit.client(&config.fleet_url, "fleet")?),
        };
        let decision_wait = Duration::from_millis(config.decision_wait_ms);
        let (now, slots) = (clock.clone(), config.saga_slots);
        let (app, begun) =
            App::new(Parts { db: db.clone(), dynamo, clock: now, decision_wait, slots });

        kit.task("clock", clock.follow(db.clone()));
        kit.probe("postgres", postgres_kit::probe(db.clone()));
        kit.dead_letters(event_kit::desk::list(db.clone()), event_kit::desk::redrive(db.clone()));
        kit.task("relay", event_kit::relay(db.clone(), log.clone()));
        kit.task("listeners", log.deliver(db, events::listeners(&app)));
        kit.task("saga of new orders", saga::begun(app.clone(), ask.clone(), begun));
        kit.task("saga of due orders", saga::due(app.clone(), ask, slots));
        kit.task("projection", projection::worker(app.clone()));
        kit.task("pruning", pruning::worker(app.clone()));
        let intake = Intake::new(config.intake, decision_wait);
        kit.serve_planned(routes::plan(intake), routes::router().with_state(app).into());
        Ok(())
    }
}

fn main() -> ExitCode {
    service_kit::run::<Orders>()
}
