//! Who signs the certificates of a stack whose engines speak nothing but TLS.

use std::path::{Path, PathBuf};

use anyhow::Context;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rumqttc::Transport;

use crate::engines::file;
use crate::layout::Layout;

const ROOT: &str = "root.pem";

/// The files of an authority of the stack's own. Its key was forgotten once it had signed.
#[derive(Debug, Clone)]
pub struct Authority {
    folder: PathBuf,
}

/// A certificate and its private key, as PEM.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The certificate.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

impl Authority {
    /// The one of this stack, if its engines were started with one.
    pub(crate) fn of(layout: &Layout) -> anyhow::Result<Option<Self>> {
        let folder = folder(layout)?;
        Ok(folder.join(ROOT).is_file().then_some(Self { folder }))
    }

    /// Makes one anew: whoever trusts an earlier one has to be started again.
    pub(crate) fn make(layout: &Layout) -> anyhow::Result<Self> {
        Self::within(layout, folder(layout)?)
    }

    /// Makes one for an engine that the stack does not run by itself.
    pub(crate) fn within(layout: &Layout, folder: PathBuf) -> anyhow::Result<Self> {
        let authority = Self { folder };
        authority.sign(layout).context("the stack's certificates cannot be made")?;
        Ok(authority)
    }

    /// Throws away what there is, so that the engines speak plainly.
    pub(crate) fn forget(layout: &Layout) -> anyhow::Result<()> {
        let root = folder(layout)?.join(ROOT);
        match std::fs::remove_file(&root) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
            _gone => Ok(()),
        }
    }

    /// Its own certificate, by which all others are known.
    #[must_use]
    pub fn root(&self) -> PathBuf {
        self.folder.join(ROOT)
    }

    /// What the engines show.
    #[must_use]
    pub fn engines(&self) -> Identity {
        Identity::of(&self.folder, "engines")
    }

    /// What clients show to an engine that asks for it.
    #[must_use]
    pub fn clients(&self) -> Identity {
        Identity::of(&self.folder, "clients")
    }

    /// How the broker is reached.
    pub fn transport(&self) -> anyhow::Result<Transport> {
        let own = self.clients();
        let own = (read(&own.certificate)?, read(&own.key)?);
        Ok(Transport::tls(read(&self.root())?, Some(own), None))
    }

    fn sign(&self, layout: &Layout) -> anyhow::Result<()> {
        let mut root = CertificateParams::default();
        root.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        root.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        name(&mut root, &format!("CloudEats, stack {}", layout.stack()));
        let key = KeyPair::generate()?;
        let certificate = root.self_signed(&key)?;
        let issuer = Issuer::new(root, key);

        for (identity, hosts, usage) in [
            (self.engines(), &["127.0.0.1", "localhost"][..], ExtendedKeyUsagePurpose::ServerAuth),
            (self.clients(), &[], ExtendedKeyUsagePurpose::ClientAuth),
        ] {
            let hosts: Vec<String> = hosts.iter().map(|&host| host.to_owned()).collect();
            let mut leaf = CertificateParams::new(hosts)?;
            leaf.extended_key_usages = vec![usage];
            name(&mut leaf, "cloudeats");
            let key = KeyPair::generate()?;
            let certificate = leaf.signed_by(&key, &issuer)?;
            self.write(layout, &identity.certificate, &certificate.pem())?;
            self.write(layout, &identity.key, &key.serialize_pem())?;
        }
        // Last: with it the authority is whole.
        self.write(layout, &self.root(), &certificate.pem())
    }

    fn write(&self, layout: &Layout, path: &Path, pem: &str) -> anyhow::Result<()> {
        let name = path.file_name().and_then(|name| name.to_str()).context("no name")?;
        layout.hand_over(&file(&self.folder, name, pem)?)
    }
}

impl Identity {
    fn of(folder: &Path, whose: &str) -> Self {
        let file = |kind: &str| folder.join(format!("{whose}.{kind}"));
        Self { certificate: file("pem"), key: file("key") }
    }
}

/// Beside the engines' own, and theirs to read.
fn folder(layout: &Layout) -> anyhow::Result<PathBuf> {
    layout.engine_folder("authority")
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

fn name(certificate: &mut CertificateParams, name: &str) {
    certificate.distinguished_name.push(DnType::CommonName, name);
}
