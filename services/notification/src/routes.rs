//! The notification API, as a table of contents.

mod list_notifications;
mod read_notification;
mod wire;
mod xray;

use service_kit::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;

/// Every operation of the service.
#[must_use]
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_notifications::handle))
        .routes(routes!(read_notification::handle))
        .routes(routes!(xray::handle))
}
