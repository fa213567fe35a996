//! What the service hears. What it tells is staged where a send ends.

pub(crate) mod on_order_cancelled;
pub(crate) mod on_order_completed;
pub(crate) mod on_order_confirmed;
pub(crate) mod on_order_delivered;
pub(crate) mod on_order_dispatched;
pub(crate) mod on_order_preparing;
pub(crate) mod on_order_ready;
pub(crate) mod on_order_rejected;

use event_kit::Listeners;

use crate::App;

/// Everything this service hears.
#[must_use]
pub fn listeners(app: &App) -> Listeners {
    Listeners::new("notification")
        .on(app, on_order_confirmed::handle)
        .on(app, on_order_rejected::handle)
        .on(app, on_order_preparing::handle)
        .on(app, on_order_ready::handle)
        .on(app, on_order_dispatched::handle)
        .on(app, on_order_delivered::handle)
        .on(app, on_order_completed::handle)
        .on(app, on_order_cancelled::handle)
}
