//! A private Redis, which holds only what may be lost.

use secrecy::ExposeSecret;

use crate::authority::Authority;
use crate::ports::Door;
use crate::process::Spec;
use crate::site::Site;

use super::{Programs, file};

pub(super) fn prepare(site: &Site, programs: &Programs) -> anyhow::Result<Spec> {
    let layout = &site.layout;
    let folder = layout.engine_folder("redis")?;
    let port = site.ports.of(Door::Redis);
    let password = site.secrets.get("redis")?;
    // A file, because everybody on the machine can read the arguments of a process.
    let doors = match &site.authority {
        None => format!("port {port}\n"),
        Some(authority) => secured(port, authority),
    };
    let text = format!(
        "{doors}\
         bind 127.0.0.1\n\
         dir {folder}\n\
         requirepass {password}\n\
         save \"\"\n\
         appendonly no\n\
         maxmemory 128mb\n\
         maxmemory-policy allkeys-lru\n\
         daemonize no\n",
        folder = folder.display(),
        password = password.expose_secret(),
    );
    let config = file(&folder, "redis.conf", &text)?;
    layout.hand_over(&config)?;
    let mut spec = Spec::new(layout, "redis", programs.path("redis-server")).args([config]);
    spec.servant = layout.servant();
    spec.ports = vec![port];
    Ok(spec)
}

fn secured(port: u16, authority: &Authority) -> String {
    let own = authority.engines();
    format!(
        "port 0\n\
         tls-port {port}\n\
         tls-cert-file {certificate}\n\
         tls-key-file {key}\n\
         tls-ca-cert-file {root}\n\
         tls-auth-clients no\n\
         tls-protocols TLSv1.3\n",
        certificate = own.certificate.display(),
        key = own.key.display(),
        root = authority.root().display(),
    )
}
