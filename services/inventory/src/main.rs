//! The inventory service: what there is, where, at what price, and for whom it is held.

use std::{process::ExitCode, time::Duration};

use inventory::{App, Config, MIGRATIONS, clients, events, routes, sweeper};
use service_kit::{Kit, OpenApi, Service};

struct Inventory;

impl Service for Inventory {
    const NAME: &'static str = "inventory";
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
        let redis = redis_kit::connect(&config.redis).await?;
        let orders = clients::Orders::new(kit.client(&config.orders_url, "orders")?);
        let sweep_every = Duration::from_millis(config.sweep_every_ms);
        let app = App::new(db.clone(), clock.clone(), dynamo, &redis);

        kit.task("clock", clock.follow(db.clone()));
        kit.probe("postgres", postgres_kit::probe(db.clone()));
        kit.dead_letters(event_kit::desk::list(db.clone()), event_kit::desk::redrive(db.clone()));
        kit.task("outbox", event_kit::relay(db.clone(), log.clone()));
        kit.task("listeners", log.deliver(db, events::listeners(&app)));
        kit.task("sweeper", sweeper::worker(app.clone(), orders, sweep_every));
        kit.serve(routes::router().with_state(app));
        Ok(())
    }
}

fn main() -> ExitCode {
    service_kit::run::<Inventory>()
}
