//! The identity service: people and machines, what proves them, and what they may do.

use std::process::ExitCode;

use identity::{App, Config, FirstAdmin, MIGRATIONS, Passwords, Tokens, pruning, routes};
use service_kit::{Kit, OpenApi, Service};

struct Identity;

impl Service for Identity {
    const NAME: &'static str = "identity";
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
        let passwords = Passwords::new(config.argon2_memory_kib)?;
        let tokens = Tokens::from_file(&config.signing_key_file, config.lives())?;
        let app = App::new(db.clone(), clock.clone(), passwords, tokens);

        let first_admin = FirstAdmin::new(app.clone(), config.admin);
        kit.task("clock", clock.follow(db.clone()));
        kit.probe("postgres", postgres_kit::probe(db.clone()));
        kit.probe("first admin", first_admin.probe());
        kit.task("first admin", first_admin.worker());
        kit.task("outbox", event_kit::relay(db, log));
        kit.task("pruning", pruning::worker(app.clone()));
        kit.serve(routes::router().with_state(app));
        Ok(())
    }
}

fn main() -> ExitCode {
    service_kit::run::<Identity>()
}
