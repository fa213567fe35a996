//! The gateway: takes every request from outside and brings it to the service that answers it.

use std::process::ExitCode;

use gateway::{Access, App, Config, Neighbours, Pace, Upstreams, around, routes};
use service_kit::{Kit, OpenApi, Service};

struct Gateway;

impl Service for Gateway {
    const NAME: &'static str = "gateway";
    type Config = Config;

    fn openapi() -> OpenApi {
        routes::own().into_openapi()
    }

    async fn boot(config: Config, kit: &mut Kit) -> anyhow::Result<()> {
        let redis = redis_kit::connect(&config.redis).await?;
        let identity = kit.client(&config.identity_url, "identity")?;
        let neighbours = Neighbours::new(&config, |url, name| kit.client(url, name))?;
        let access = Access::new(identity, kit.clock());
        let upstreams = Upstreams::new(&config, kit.signer())?;
        let pace = Pace::new(&redis, config.rates, config.edge.trusted_proxies);
        let app = App::new(upstreams, access.clone(), pace, neighbours);

        kit.task("keys", access.keep_fresh());
        let routes = around(routes::router()?.with_state(app), &config.edge)?;
        kit.serve_planned(routes::plan(), routes);
        Ok(())
    }
}

fn main() -> ExitCode {
    service_kit::run::<Gateway>()
}
