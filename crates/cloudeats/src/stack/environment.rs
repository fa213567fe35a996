//! What each process is told: the one table of variables.

use secrecy::ExposeSecret;

use crate::ports::Door;
use crate::site::{ADMIN_EMAIL, EVENT_LOG, SERVICES, Service, Site};

type Table = Vec<(String, String)>;

/// For `<service> serve`.
pub(super) fn serving(site: &Site, service: &Service) -> anyhow::Result<Table> {
    let mut table = of_every_service(site, service)?;
    if service.has_database {
        let url = site.database_url(service.name, service.name)?;
        table.push(pair("CE_DATABASE_URL", url.expose_secret()));
    }
    table.extend(of_its_own(site, service.name)?);
    Ok(table)
}

/// For `<service> migrate`, which works as the owner of the tables.
pub(super) fn migrating(site: &Site, service: &Service) -> anyhow::Result<Table> {
    let mut table = of_every_service(site, service)?;
    let url = site.database_url(service.name, &format!("{}_owner", service.name))?;
    table.push(pair("CE_DATABASE_URL", url.expose_secret()));
    table.extend(of_its_own(site, service.name)?);
    Ok(table)
}

/// For the sandbox.
pub(super) fn of_the_sandbox(site: &Site) -> Table {
    let address = |door| format!("127.0.0.1:{}", site.ports.of(door));
    vec![
        pair("CE_SANDBOX_FOLDER", &site.sandbox_folder().display().to_string()),
        pair("CE_PROVIDER_ADDRESS", &address(Door::Provider)),
        pair("CE_MAILBOX_SMTP_ADDRESS", &address(Door::Smtp)),
        pair("CE_MAILBOX_HTTP_ADDRESS", &address(Door::Mailbox)),
    ]
}

/// Whoever tests asks faster than people do, and everybody from one address.
pub(super) fn of_a_hurried_gateway() -> Table {
    ["PRINCIPAL", "GUEST", "ORDERS", "AUTH"]
        .map(|who| pair(&format!("CE_RATE_{who}_PER_MIN"), "1000000"))
        .to_vec()
}

fn of_every_service(site: &Site, service: &Service) -> anyhow::Result<Table> {
    let mut table = vec![
        pair("CE_HTTP_ADDRESS", &format!("127.0.0.1:{}", site.ports.of(service.door))),
        pair("CE_ADMIN_ADDRESS", &format!("127.0.0.1:{}", site.admin_port(service))),
        // No balancer stands before a stack on one machine.
        pair("CE_DRAIN_WAIT_MS", "0"),
        pair("CE_SERVICE_KEY_FILE", &site.key_file(service.name).display().to_string()),
        pair("CE_SERVICE_KEYS_FILE", &site.key_set_file().display().to_string()),
        pair("CE_CURSOR_KEY", site.secrets.get("cursors")?.expose_secret()),
        pair("CE_PROVIDER_URL", &site.http_url(Door::Provider)),
        pair("CE_SMTP_URL", &site.smtp_url()),
        pair("CE_MQTT_URL", &site.mqtt_url()),
        pair("CE_DYNAMO_ENDPOINT", &site.http_url(Door::Dynamo)),
        pair("CE_REDIS_URL", site.redis_url()?.expose_secret()),
    ];
    for other in SERVICES {
        let name = format!("CE_{}_URL", other.name.to_ascii_uppercase());
        table.push((name, site.http_url(other.door)));
    }
    if service.has_database {
        let url = site.database_url(EVENT_LOG, EVENT_LOG)?;
        table.push(pair("CE_EVENT_LOG_URL", url.expose_secret()));
    }
    Ok(table)
}

/// What only one service may know.
fn of_its_own(site: &Site, service: &str) -> anyhow::Result<Table> {
    Ok(match service {
        "identity" => vec![
            pair("CE_SIGNING_KEY_FILE", &site.signing_key_file().display().to_string()),
            pair("CE_BOOTSTRAP_ADMIN_EMAIL", ADMIN_EMAIL),
            pair("CE_BOOTSTRAP_ADMIN_PASSWORD", site.secrets.get("admin")?.expose_secret()),
        ],
        "fleet" => vec![
            pair("CE_MQTT_USERNAME", crate::mqtt::SERVICE),
            pair("CE_MQTT_PASSWORD", site.secrets.get("mqtt_fleet")?.expose_secret()),
        ],
        _ => Vec::new(),
    })
}

fn pair(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::Layout;
    use crate::ports::Ports;

    #[test]
    fn a_service_is_told_its_own_secrets_and_no_others() {
        let local = tempfile::tempdir().unwrap();
        let layout = Layout::new(local.path(), "run").unwrap();
        let site = Site::new(layout, Ports::fixed(0).unwrap()).unwrap();
        let told = |name: &str| {
            let service = SERVICES.iter().find(|service| service.name == name).unwrap();
            let table = serving(&site, service).unwrap();
            table
                .iter()
                .map(|(name, value)| format!("{name}={value}\n"))
                .collect::<Vec<_>>()
                .concat()
        };
        let admin = site.secrets.get("admin").unwrap();
        let mqtt = site.secrets.get("mqtt_fleet").unwrap();

        assert!(told("identity").contains(admin.expose_secret()));
        assert!(told("fleet").contains(mqtt.expose_secret()));
        assert!(told("orders").contains("CE_DATABASE_URL=postgres://orders:"));
        assert!(told("orders").contains("CE_GATEWAY_URL=http://127.0.0.1:8080"));
        for name in ["gateway", "orders", "payment", "notification"] {
            assert!(!told(name).contains(admin.expose_secret()));
            assert!(!told(name).contains(mqtt.expose_secret()));
        }
        assert!(!told("gateway").contains("postgres://"));
        assert!(!told("orders").contains("_owner"));
    }
}
