//! The payment service: holds, takes and lets go of money, and keeps the books.

use std::{process::ExitCode, time::Duration};

use jiff::SignedDuration;
use payment::{App, Config, MIGRATIONS, clients::Provider, reconciliation, routes, saga};
use service_kit::{Kit, OpenApi, Service};

struct Payment;

impl Service for Payment {
    const NAME: &'static str = "payment";
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
        let timeout = Duration::from_millis(config.provider_timeout_ms);
        let outside = kit.outside(&config.provider_url, timeout)?;
        let provider = Provider::sandbox(outside, config.provider_webhook_secret);
        let app = App::new(db.clone(), clock.clone(), provider);

        kit.task("clock", clock.follow(db.clone()));
        kit.probe("postgres", postgres_kit::probe(db.clone()));
        kit.dead_letters(event_kit::desk::list(db.clone()), event_kit::desk::redrive(db.clone()));
        kit.task("outbox", event_kit::relay(db, log));
        kit.task("saga", saga::worker(app.clone()));
        kit.task("refunds", saga::refunds(app.clone()));
        let every = Duration::from_secs(config.reconcile_every_s);
        let file_after = SignedDuration::from_mins(config.settlement_after_min);
        kit.task("reconciliation", reconciliation::worker(app.clone(), every, file_after));
        kit.serve(routes::router().with_state(app));
        Ok(())
    }
}

fn main() -> ExitCode {
    service_kit::run::<Payment>()
}
