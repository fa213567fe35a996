//! The identity API, as a table of contents.

mod create_user;
mod find_contact;
mod find_me;
mod find_user;
mod find_user_by_old_path;
mod list_keys;
mod log_in;
mod log_out;
mod refresh_session;
mod register_user;
mod wire;

use service_kit::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;

/// Every operation of the service.
#[must_use]
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(register_user::handle))
        .routes(routes!(log_in::handle))
        .routes(routes!(refresh_session::handle))
        .routes(routes!(log_out::handle))
        .routes(routes!(list_keys::handle))
        .routes(routes!(find_me::handle))
        .routes(routes!(find_user::handle))
        .routes(routes!(find_user_by_old_path::handle))
        .routes(routes!(create_user::handle))
        .routes(routes!(find_contact::handle))
}
