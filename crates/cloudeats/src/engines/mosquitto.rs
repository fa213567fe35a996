//! A private Mosquitto with the topic rules of RELIABILITY 7.10.

use std::path::Path;

use crate::authority::Authority;
use crate::mqtt;
use crate::ports::Door;
use crate::process::Spec;
use crate::site::Site;

use super::{Programs, file};

pub(super) fn prepare(site: &Site, programs: &Programs) -> anyhow::Result<Spec> {
    let layout = &site.layout;
    let folder = layout.engine_folder("mosquitto")?;
    let port = site.ports.of(Door::Mosquitto);
    layout.hand_over(&file(&folder, "acl", mqtt::TOPIC_RULES)?)?;
    mqtt::Passwords::of(layout)?.set(mqtt::SERVICE, &site.secrets.get("mqtt_fleet")?)?;
    let config = file(&folder, "mosquitto.conf", &config(port, &folder, site.authority.as_ref()))?;
    layout.hand_over(&config)?;

    let mut spec = Spec::new(layout, "mosquitto", programs.path("mosquitto"))
        .args(["-c".into(), config.into_os_string()]);
    spec.servant = layout.servant();
    spec.ports = vec![port];
    Ok(spec)
}

/// By default the broker forgets acknowledged messages on SIGKILL, and lets anybody in
/// (RELIABILITY 2, finding 3, and section 5).
fn config(port: u16, folder: &Path, authority: Option<&Authority>) -> String {
    let folder = folder.display();
    let secured = authority.map(secured).unwrap_or_default();
    format!(
        "per_listener_settings false\n\
         listener {port} 127.0.0.1\n\
         {secured}\
         allow_anonymous false\n\
         password_file {folder}/passwd\n\
         acl_file {folder}/acl\n\
         persistence true\n\
         persistence_location {folder}/\n\
         autosave_on_changes true\n\
         autosave_interval 1\n\
         max_packet_size 16384\n\
         max_inflight_messages 100\n\
         max_queued_messages 10000\n\
         persistent_client_expiration 1d\n\
         set_tcp_nodelay true\n\
         log_dest stderr\n\
         log_type error\n\
         log_type warning\n\
         log_type notice\n\
         connection_messages false\n"
    )
}

/// Asks clients for a certificate, as a broker of AWS does. Who they are, their passwords still say.
fn secured(authority: &Authority) -> String {
    let own = authority.engines();
    format!(
        "certfile {certificate}\n\
         keyfile {key}\n\
         cafile {root}\n\
         require_certificate true\n\
         tls_version tlsv1.3\n",
        certificate = own.certificate.display(),
        key = own.key.display(),
        root = authority.root().display(),
    )
}
