//! What each process is told: the one table of variables.

use secrecy::ExposeSecret;

use crate::ports::Door;
use crate::site::{ADMIN_EMAIL, EVENT_LOG, SERVICES, Service, Site};

use super::{Pace, Strain};

type Table = Vec<(String, String)>;

/// As good as no limit.
const UNLIMITED: u32 = 1_000_000;

/// For `<service> serve`.
pub(super) fn serving(site: &Site, strain: &Strain, service: &Service) -> anyhow::Result<Table> {
    let mut table = of_every_service(site, strain, service)?;
    if service.has_database {
        let url = site.by(&strain.detours).database_url(service.name, service.name)?;
        table.push(pair("CE_DATABASE_URL", url.expose_secret()));
    }
    table.extend(of_its_own(site, service.name)?);
    table.extend(strain.environment.iter().cloned());
    Ok(table)
}

/// For `<service> migrate`, which works as the owner of the tables.
pub(super) fn migrating(site: &Site, service: &Service) -> anyhow::Result<Table> {
    let mut table = of_every_service(site, &Strain::default(), service)?;
    let url = site.database_url(service.name, &format!("{}_owner", service.name))?;
    table.push(pair("CE_DATABASE_URL", url.expose_secret()));
    table.extend(of_its_own(site, service.name)?);
    Ok(table)
}

/// For the sandbox.
pub(super) fn of_the_sandbox(site: &Site) -> anyhow::Result<Table> {
    let address = |door| format!("127.0.0.1:{}", site.ports.of(door));
    let webhooks = format!("{}/v1/payments/webhooks/sandbox", site.http_url(Door::Gateway));
    Ok(vec![
        pair("CE_SANDBOX_FOLDER", &site.sandbox_folder().display().to_string()),
        pair("CE_PROVIDER_ADDRESS", &address(Door::Provider)),
        pair("CE_MAILBOX_SMTP_ADDRESS", &address(Door::Smtp)),
        pair("CE_MAILBOX_HTTP_ADDRESS", &address(Door::Mailbox)),
        pair("CE_PROVIDER_WEBHOOK_URL", &webhooks),
        pair("CE_PROVIDER_WEBHOOK_SECRET", &webhook_secret(site)?),
    ])
}

/// As Standard Webhooks writes it; 32 letters and digits are the Base64 of 24 bytes.
fn webhook_secret(site: &Site) -> anyhow::Result<String> {
    Ok(format!("whsec_{}", site.secrets.get("webhooks")?.expose_secret()))
}

/// Everybody on this machine asks from one address; whoever tests asks faster than people do, too.
///
/// A courier at the counter looks every 400 ms, and a busy kitchen about as often.
pub(super) fn of_a_gateway_at(pace: Pace) -> Table {
    let limits: &[(&str, u32)] = match pace {
        Pace::Public => &[],
        Pace::City => {
            &[("AUTH", UNLIMITED), ("GUEST", UNLIMITED), ("PRINCIPAL", 600), ("ORDERS", 30)]
        }
        Pace::Hurried => &[
            ("AUTH", UNLIMITED),
            ("GUEST", UNLIMITED),
            ("PRINCIPAL", UNLIMITED),
            ("ORDERS", UNLIMITED),
        ],
    };
    let limits = limits.iter();
    limits.map(|(who, most)| pair(&format!("CE_RATE_{who}_PER_MIN"), &most.to_string())).collect()
}

fn of_every_service(site: &Site, strain: &Strain, service: &Service) -> anyhow::Result<Table> {
    let others = site.by(&strain.detours);
    let mut table = vec![
        pair("CE_HTTP_ADDRESS", &format!("127.0.0.1:{}", site.ports.of(service.door))),
        pair("CE_ADMIN_ADDRESS", &format!("127.0.0.1:{}", site.admin_port(service))),
        // No balancer stands before a stack on one machine.
        pair("CE_DRAIN_WAIT_MS", "0"),
        pair("CE_SERVICE_KEY_FILE", &site.key_file(service.name).display().to_string()),
        pair("CE_SERVICE_KEYS_FILE", &site.key_set_file().display().to_string()),
        pair("CE_CURSOR_KEY", site.secrets.get("cursors")?.expose_secret()),
        pair("CE_PROVIDER_URL", &others.http_url(Door::Provider)),
        pair("CE_SMTP_URL", &others.smtp_url()),
        pair("CE_MQTT_URL", &others.mqtt_url()),
        pair("CE_DYNAMO_ENDPOINT", &others.http_url(Door::Dynamo)),
        pair("CE_REDIS_URL", others.redis_url()?.expose_secret()),
    ];
    if let Some(authority) = &site.authority {
        let own = authority.clients();
        table.extend([
            pair("CE_REDIS_ROOTS_FILE", &authority.root().display().to_string()),
            pair("CE_MQTT_ROOTS_FILE", &authority.root().display().to_string()),
            pair("CE_MQTT_CERTIFICATE_FILE", &own.certificate.display().to_string()),
            pair("CE_MQTT_KEY_FILE", &own.key.display().to_string()),
        ]);
    }
    for other in SERVICES {
        let name = format!("CE_{}_URL", other.name.to_ascii_uppercase());
        table.push((name, others.http_url(other.door)));
    }
    if service.has_database {
        let url = site.by(&strain.event_log).database_url(EVENT_LOG, EVENT_LOG)?;
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
        "payment" => vec![pair("CE_PROVIDER_WEBHOOK_SECRET", &webhook_secret(site)?)],
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
            let table = serving(&site, &Strain::default(), service).unwrap();
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

    #[test]
    fn whoever_is_led_astray_listens_where_it_always_did() {
        let local = tempfile::tempdir().unwrap();
        let layout = Layout::new(local.path(), "run").unwrap();
        let site = Site::new(layout, Ports::fixed(0).unwrap()).unwrap();
        let payment = SERVICES.iter().find(|service| service.name == "payment").unwrap();
        let strain = Strain {
            detours: [(Door::Payment, 41), (Door::Postgres, 42)].into(),
            event_log: [(Door::Postgres, 43)].into(),
            ..Strain::default()
        };

        let table = serving(&site, &strain, payment).unwrap();
        let told = |name: &str| table.iter().find(|(found, _)| found == name).unwrap().1.clone();
        assert_eq!(told("CE_HTTP_ADDRESS"), "127.0.0.1:8004");
        assert_eq!(told("CE_PAYMENT_URL"), "http://127.0.0.1:41");
        assert!(told("CE_DATABASE_URL").ends_with("@127.0.0.1:42/payment"));
        assert!(told("CE_EVENT_LOG_URL").ends_with("@127.0.0.1:43/event_log"));
    }
}
