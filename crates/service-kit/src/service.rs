//! The one trait a newcomer has to read.

use utoipa::openapi::{Info, License, OpenApi};

use crate::Kit;

/// What makes a process one of ours. All that it shares with the others is in [`run`](crate::run).
pub trait Service: 'static {
    /// Package, binary, image, deployment, database and dashboard: one name.
    const NAME: &'static str;
    /// What only this service needs to know.
    type Config: clap::Args + Send;

    /// The document that belongs to the router; printed by `<service> openapi`.
    fn openapi() -> OpenApi;

    /// Brings the service's own schema up to date; run as a job before a deployment.
    fn migrate(config: Self::Config) -> impl Future<Output = anyhow::Result<()>> + Send {
        async move {
            drop(config);
            Ok(())
        }
    }

    /// Connects finished parts and returns; whatever goes on is handed to `kit`.
    fn boot(config: Self::Config, kit: &mut Kit)
    -> impl Future<Output = anyhow::Result<()>> + Send;
}

/// The `OpenAPI` document of a service, under the service's own name.
#[must_use]
pub fn document<S: Service>() -> OpenApi {
    let mut document = S::openapi();
    document.info = Info::builder()
        .title(S::NAME)
        .version(env!("CARGO_PKG_VERSION"))
        .license(Some(License::builder().name("MIT").identifier(Some("MIT")).build()))
        .build();
    document
}
