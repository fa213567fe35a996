//! How a broker is spoken to in private.

use std::{path::Path, sync::Arc};

use anyhow::{Context, ensure};
use rumqttc::{TlsConfiguration, Transport};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};

use crate::config::MqttConfig;

/// Reads the files. What is wrong with them is said before anything starts, not at each attempt to connect.
pub(super) fn transport(config: &MqttConfig) -> anyhow::Result<Transport> {
    let roots = config.mqtt_roots_file.as_deref();
    let roots = roots.context("CE_MQTT_ROOTS_FILE is needed for mqtts://")?;
    let roots = trusted(roots).with_context(|| named("CE_MQTT_ROOTS_FILE", roots))?;
    let versions = ClientConfig::builder_with_provider(aws_lc_rs::default_provider().into());
    let tls = versions.with_safe_default_protocol_versions()?.with_root_certificates(roots);
    let tls = match (&config.mqtt_certificate_file, &config.mqtt_key_file) {
        (Some(certificate), Some(key)) => {
            let chain = certificates(certificate);
            let chain = chain.with_context(|| named("CE_MQTT_CERTIFICATE_FILE", certificate))?;
            let unusable = || named("CE_MQTT_KEY_FILE", key);
            let key = PrivateKeyDer::from_pem_file(key).with_context(unusable)?;
            tls.with_client_auth_cert(chain, key).with_context(unusable)?
        }
        _ => tls.with_no_client_auth(),
    };
    Ok(Transport::tls_with_config(TlsConfiguration::Rustls(Arc::new(tls))))
}

fn trusted(roots: &Path) -> anyhow::Result<RootCertStore> {
    let mut store = RootCertStore::empty();
    for root in certificates(roots)? {
        store.add(root)?;
    }
    Ok(store)
}

fn certificates(file: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let found: Vec<_> = CertificateDer::pem_file_iter(file)?.collect::<Result<_, _>>()?;
    ensure!(!found.is_empty(), "it holds no certificate");
    Ok(found)
}

fn named(variable: &str, file: &Path) -> String {
    format!("{variable}, {}", file.display())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        config: MqttConfig,
    }

    #[track_caller]
    fn refused(args: &[&str]) -> String {
        let config = Cli::try_parse_from([&["x"], args].concat()).map(|cli| cli.config);
        format!("{:#}", transport(&config.ok().unwrap()).err().unwrap())
    }

    #[test]
    fn a_file_that_is_of_no_use_is_refused_with_its_name_and_that_of_its_setting() {
        let without = refused(&[]);
        assert!(without.contains("CE_MQTT_ROOTS_FILE"), "{without}");
        for file in ["/nowhere.pem", "/dev/null"] {
            let why = refused(&["--mqtt-roots-file", file]);
            assert!(why.contains("CE_MQTT_ROOTS_FILE") && why.contains(file), "{why}");
        }
    }

    #[test]
    fn a_certificate_without_its_key_is_refused() {
        assert!(Cli::try_parse_from(["x", "--mqtt-certificate-file", "/some.pem"]).is_err());
        assert!(Cli::try_parse_from(["x", "--mqtt-key-file", "/some.key"]).is_err());
    }
}
