//! `com.cloudeats.inventory.menu_published.v1`

use event_kit::Heard;
use inventory_contract::events::MenuPublished;

use crate::{App, app::TakeMenuError};

/// A store has a new menu: orders are priced from it now.
pub(super) async fn handle(app: App, heard: Heard<MenuPublished>) -> Result<(), TakeMenuError> {
    app.take_menu(heard).await
}
