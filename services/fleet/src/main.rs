//! The fleet service: brings what was ordered, and knows where it is.

use std::process::ExitCode;

use fleet::{App, Config, MIGRATIONS, events, mqtt, routes, workers};
use service_kit::{Kit, OpenApi, Service};

struct Fleet;

impl Service for Fleet {
    const NAME: &'static str = "fleet";
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
        let app = App::new(db.clone(), clock.clone(), kit.stop(), config.settings());

        kit.task("clock", clock.follow(db.clone()));
        kit.probe("postgres", postgres_kit::probe(db.clone()));
        kit.dead_letters(event_kit::desk::list(db.clone()), event_kit::desk::redrive(db.clone()));
        kit.task("outbox", event_kit::relay(db.clone(), log.clone()));
        kit.task("listeners", log.deliver(db, events::listeners(&app)));
        kit.task("dispatcher", workers::dispatcher(app.clone()));
        kit.task("pruner", workers::pruner(app.clone()));
        kit.task("mqtt", mqtt::door(app.clone(), &config.mqtt)?);
        kit.serve(routes::router().with_state(app));
        Ok(())
    }
}

fn main() -> ExitCode {
    service_kit::run::<Fleet>()
}
