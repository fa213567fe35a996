//! The one trait a newcomer has to read.

use axum::http::StatusCode;
use utoipa::openapi::{Info, License, OpenApi, PathItem, RefOr, path::Operation};

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
    document.paths.paths.values_mut().flat_map(operations).for_each(describe);
    document
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem { get, put, post, delete, patch, head, options, trace, .. } = item;
    [get, put, post, delete, patch, head, options, trace].into_iter().flatten()
}

/// The standard wants words for every answer; where its shape says it all, the status has them.
fn describe(operation: &mut Operation) {
    for (status, answer) in &mut operation.responses.responses {
        if let RefOr::T(answer) = answer
            && answer.description.is_empty()
        {
            let status = status.parse().ok().and_then(|code: u16| StatusCode::from_u16(code).ok());
            let words = status.and_then(|status| status.canonical_reason());
            words.unwrap_or("An answer").clone_into(&mut answer.description);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_answer_has_words() {
        let answers = json!({"201": {}, "404": {"description": "gone"}, "default": {}});
        let mut operation: Operation =
            serde_json::from_value(json!({ "responses": answers })).unwrap();

        describe(&mut operation);

        let said = serde_json::to_value(operation).unwrap();
        let words = |status: &str| said["responses"][status]["description"].clone();
        assert_eq!(
            [words("201"), words("404"), words("default")],
            ["Created", "gone", "An answer"]
        );
    }
}
