//! The notification service: tells people what happens to their orders.

use std::process::ExitCode;

use notification::{
    App, Config, MIGRATIONS,
    clients::{Contacts, Mailer, PATIENCE},
    events, routes, sender,
};
use service_kit::{Kit, OpenApi, Service};

struct Notification;

impl Service for Notification {
    const NAME: &'static str = "notification";
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
        let contacts = Contacts::new(kit.client(&config.identity_url, "identity")?);
        let mailer = Mailer::connect(&config.smtp_url, &config.mail_from, PATIENCE)?;
        let app = App::new(db.clone(), clock.clone(), contacts, mailer);

        kit.task("clock", clock.follow(db.clone()));
        kit.probe("postgres", postgres_kit::probe(db.clone()));
        kit.dead_letters(event_kit::desk::list(db.clone()), event_kit::desk::redrive(db.clone()));
        kit.task("outbox", event_kit::relay(db.clone(), log.clone()));
        kit.task("listeners", log.deliver(db.clone(), events::listeners(&app)));
        kit.task("sender", sender::worker(app.clone(), &db));
        kit.serve(routes::router().with_state(app));
        Ok(())
    }
}

fn main() -> ExitCode {
    service_kit::run::<Notification>()
}
