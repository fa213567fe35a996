//! Who hears what: the listeners of the services, as one table.
//!
//! A test holds it to the services' sources: one file `events/on_<fact>.rs` for each line.

/// The consumers and the event types that they handle.
pub(super) const SUBSCRIPTIONS: &[(&str, &[&str])] = &[
    ("inventory", &["com.cloudeats.orders.order_confirmed.v1"]),
    (
        "orders",
        &[
            "com.cloudeats.inventory.menu_published.v1",
            "com.cloudeats.fleet.delivery_picked_up.v1",
            "com.cloudeats.fleet.delivery_completed.v1",
            "com.cloudeats.fleet.delivery_failed.v1",
        ],
    ),
    (
        "fleet",
        &[
            "com.cloudeats.orders.ticket_changed.v1",
            "com.cloudeats.orders.order_cancelling.v1",
            "com.cloudeats.orders.order_cancelled.v1",
        ],
    ),
    (
        "notification",
        &[
            "com.cloudeats.orders.order_confirmed.v1",
            "com.cloudeats.orders.order_rejected.v1",
            "com.cloudeats.orders.order_preparing.v1",
            "com.cloudeats.orders.order_ready.v1",
            "com.cloudeats.orders.order_dispatched.v1",
            "com.cloudeats.orders.order_delivered.v1",
            "com.cloudeats.orders.order_completed.v1",
            "com.cloudeats.orders.order_cancelled.v1",
        ],
    ),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    /// The facts for which a service has a listener, by the names of its files.
    fn heard(service: &str) -> BTreeSet<String> {
        let services = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../services");
        let Ok(files) = std::fs::read_dir(services.join(service).join("src/events")) else {
            return BTreeSet::new();
        };
        let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
        names
            .filter_map(|name| Some(name.strip_prefix("on_")?.strip_suffix(".rs")?.to_owned()))
            .collect()
    }

    #[test]
    fn the_table_says_what_the_services_listen_to() {
        for service in ["identity", "inventory", "orders", "payment", "fleet", "notification"] {
            let ours = SUBSCRIPTIONS.iter().filter(|(consumer, _)| *consumer == service);
            let ours = ours.flat_map(|(_, types)| types.iter());
            let ours: BTreeSet<String> =
                ours.map(|kind| kind.split('.').nth(3).unwrap().to_owned()).collect();
            assert_eq!(ours, heard(service), "{service}");
        }
    }
}
