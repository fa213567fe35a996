//! Engines out of Debian packages, unpacked and never installed: no script of theirs runs.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, bail, ensure};
use tokio::process::Command;

use crate::layout::make;

use super::find::{self, Engine, Programs};

/// A library may need another one: so many times we look again.
const ROUNDS_MAX: usize = 6;

/// The folder that packages are unpacked into.
#[derive(Debug)]
pub(super) struct Packages {
    folder: PathBuf,
}

impl Engine {
    /// Sets of packages, the best first; each release of Debian has one PostgreSQL.
    fn packages(self) -> &'static [&'static [&'static str]] {
        match self {
            Self::Postgres => &[
                &["postgresql-15", "postgresql-client-15"],
                &["postgresql-17", "postgresql-client-17"],
                &["postgresql-16", "postgresql-client-16"],
            ],
            Self::Redis => &[&["redis-server", "redis-tools"]],
            Self::Mosquitto => &[&["mosquitto"]],
            Self::Prometheus => &[&["prometheus"]],
        }
    }
}

impl Packages {
    pub(super) fn open(folder: PathBuf) -> anyhow::Result<Self> {
        for name in ["debs", "root", "bin", "apt/lists/partial", "apt/cache/archives/partial"] {
            make(&folder.join(name), 0o755)?;
        }
        Ok(Self { folder })
    }

    /// The engine's programs, which find their libraries by themselves.
    pub(super) async fn fetch(&self, engine: Engine) -> anyhow::Result<Programs> {
        let _lock = self.lock().await?;
        let bin = self.folder.join("bin");
        if let Some(programs) = find::find(engine, std::slice::from_ref(&bin)) {
            return Ok(programs);
        }
        if self.unpacked(engine).is_none() {
            self.download_any(engine).await?;
        }
        let real = self.unpacked(engine);
        let real = real.with_context(|| format!("the packages hold no {:?}", engine.programs()))?;
        self.complete(engine, &real).await?;
        for program in std::fs::read_dir(real.folder())? {
            let program = program?;
            if engine == Engine::Postgres
                || engine.programs().iter().any(|n| program.file_name() == *n)
            {
                self.wrap(&program.path())?;
            }
        }
        find::find(engine, &[bin]).context("the unpacked engine cannot be run")
    }

    /// A file of a package that is no program: `find` looks for it below a folder of libraries.
    pub(super) async fn fetch_file(
        &self,
        package: &str,
        find: impl Fn(&Path) -> Option<PathBuf>,
    ) -> anyhow::Result<PathBuf> {
        let _lock = self.lock().await?;
        let libraries = self.folder.join("root/usr/lib");
        if let Some(file) = find(&libraries) {
            return Ok(file);
        }
        self.download(&[package])
            .await
            .with_context(|| format!("`{package}` is neither here nor to be had"))?;
        find(&libraries).with_context(|| format!("`{package}` holds no such file"))
    }

    /// One at a time: stacks share what is unpacked. The lock ends with the file.
    async fn lock(&self) -> anyhow::Result<std::fs::File> {
        let lock = std::fs::File::create(self.folder.join("lock"))?;
        Ok(tokio::task::spawn_blocking(move || lock.lock().map(|()| lock)).await??)
    }

    fn unpacked(&self, engine: Engine) -> Option<Programs> {
        let root = self.folder.join("root");
        let mut places = find::versions(&root.join("usr/lib/postgresql"));
        places.extend(["usr/bin", "usr/sbin"].map(|name| root.join(name)));
        find::find(engine, &places)
    }

    async fn download_any(&self, engine: Engine) -> anyhow::Result<()> {
        let mut failure = None;
        for packages in engine.packages() {
            match self.download(packages).await {
                Ok(()) => return Ok(()),
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        let hint = format!(
            "`{}` is not on this machine and cannot be fetched as a Debian package; install it, \
             elsewhere with `brew install {}`",
            engine.programs().join("`, `"),
            engine.formula()
        );
        Err(failure.unwrap_or_else(|| anyhow::anyhow!("no package is known")).context(hint))
    }

    /// Fetches the libraries that the programs miss, and those that these miss.
    async fn complete(&self, engine: Engine, programs: &Programs) -> anyhow::Result<()> {
        for _round in 0..ROUNDS_MAX {
            let mut missing = BTreeSet::new();
            for program in engine.programs() {
                missing.extend(self.missing_libraries(&programs.path(program)).await?);
            }
            if missing.is_empty() {
                return Ok(());
            }
            for library in missing {
                self.download_library(&library).await?;
            }
        }
        bail!("the libraries of {engine:?} are still incomplete after {ROUNDS_MAX} rounds")
    }

    async fn download_library(&self, library: &str) -> anyhow::Result<()> {
        let mut failure = None;
        for package in packages_of(library) {
            match self.download(&[&package]).await {
                Ok(()) => return Ok(()),
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        let failure = failure.unwrap_or_else(|| anyhow::anyhow!("its name says no package"));
        Err(failure.context(format!("no package brings the library {library}")))
    }

    async fn missing_libraries(&self, program: &Path) -> anyhow::Result<Vec<String>> {
        let mut ldd = Command::new("ldd");
        ldd.arg(program).env("LD_LIBRARY_PATH", self.library_path());
        let output = ldd.output().await.context("`ldd` cannot be run")?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        Ok(not_found(&text))
    }

    /// Downloads and unpacks. What the machine's own package lists do not offer is looked for with
    /// lists of our own: the machine's may be missing or too old.
    async fn download(&self, packages: &[&str]) -> anyhow::Result<()> {
        let known: [String; 0] = [];
        let fetched = match self.apt(&known, "download", packages).await {
            Ok(()) => Ok(()),
            Err(_stale) => {
                let own = self.own_lists();
                self.apt(&own, "update", &[]).await?;
                self.apt(&own, "download", packages).await
            }
        };
        fetched?;
        for entry in std::fs::read_dir(self.folder.join("debs"))? {
            let deb = entry?.path();
            if deb.extension() != Some(OsStr::new("deb")) {
                continue;
            }
            let mut unpack = Command::new("dpkg-deb");
            unpack.arg("-x").arg(&deb).arg(self.folder.join("root"));
            run(&mut unpack).await?;
            std::fs::rename(&deb, deb.with_extension("unpacked"))?;
        }
        Ok(())
    }

    async fn apt(&self, options: &[String], verb: &str, packages: &[&str]) -> anyhow::Result<()> {
        let mut apt = Command::new("apt-get");
        apt.current_dir(self.folder.join("debs")).arg("-q").args(options);
        // Its own unprivileged user may not write here; the caller's rights are enough.
        if nix::unistd::geteuid().is_root() {
            apt.args(["-o", "APT::Sandbox::User=root"]);
        }
        run(apt.arg(verb).args(packages)).await
    }

    fn own_lists(&self) -> Vec<String> {
        let apt = self.folder.join("apt");
        [("Dir::State::Lists", "lists"), ("Dir::Cache", "cache")]
            .into_iter()
            .flat_map(|(name, folder)| {
                ["-o".to_owned(), format!("{name}={}", apt.join(folder).display())]
            })
            .collect()
    }

    fn library_path(&self) -> String {
        let root = self.folder.join("root");
        let mut folders: Vec<PathBuf> = Vec::new();
        for lib in ["usr/lib", "lib"].map(|name| root.join(name)) {
            let inner = std::fs::read_dir(&lib).into_iter().flatten().filter_map(Result::ok);
            folders.extend(inner.map(|entry| entry.path()).filter(|path| {
                path.file_name()
                    .and_then(OsStr::to_str)
                    .is_some_and(|name| name.contains("-linux-gnu"))
            }));
            folders.push(lib);
        }
        let folders: Vec<String> = folders.iter().map(|path| path.display().to_string()).collect();
        folders.join(":")
    }

    /// A script by which a program finds its libraries, whoever calls it.
    fn wrap(&self, program: &Path) -> anyhow::Result<()> {
        let name = program.file_name().context("a program has a name")?;
        let script = self.folder.join("bin").join(name);
        let path = program.display().to_string();
        let libraries = self.library_path();
        ensure!(!path.contains('\'') && !libraries.contains('\''), "a quote in {path}");
        let text = format!("#!/bin/sh\nLD_LIBRARY_PATH='{libraries}' exec '{path}' \"$@\"\n");
        std::fs::write(&script, text)?;
        std::fs::set_permissions(&script, PermissionsExt::from_mode(0o755))?;
        Ok(())
    }
}

/// The libraries that `ldd` did not find.
fn not_found(text: &str) -> Vec<String> {
    let missing = text.lines().filter_map(|line| line.trim().strip_suffix("=> not found"));
    missing.map(|name| name.trim().to_owned()).collect()
}

/// The packages that may bring a library, by Debian's rule for their names: `libev.so.4` is in
/// `libev4`, `liblua5.1.so.0` in `liblua5.1-0`; since 2024 some end in `t64`.
fn packages_of(library: &str) -> Vec<String> {
    match library {
        "liblua5.1-cjson.so.0" => return vec!["lua-cjson".to_owned()],
        "liblua5.1-bitop.so.0" => return vec!["lua-bitop".to_owned()],
        _ => {}
    }
    let Some((name, version)) = library.split_once(".so") else { return Vec::new() };
    let version = version.trim_start_matches('.');
    let dash = if name.ends_with(|c: char| c.is_ascii_digit()) { "-" } else { "" };
    let package = format!("{name}{dash}{version}").to_ascii_lowercase().replace('_', "-");
    vec![package.clone(), format!("{package}t64")]
}

async fn run(command: &mut Command) -> anyhow::Result<()> {
    let program = command.as_std().get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().await;
    let output = output.with_context(|| format!("`{program}` cannot be run on this machine"))?;
    if output.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    bail!("`{program}` failed: {words}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_libraries_are_read_from_ldd() {
        let text = "\tlinux-vdso.so.1 (0x00007ffd)\n\tlibcjson.so.1 => not found\n\
                    \tlibssl.so.3 => /lib/libssl.so.3 (0x1)\n\tlibev.so.4 => not found\n";
        assert_eq!(not_found(text), ["libcjson.so.1", "libev.so.4"]);
    }

    #[test]
    fn a_library_names_its_package() {
        for (library, package) in [
            ("libev.so.4", "libev4"),
            ("liblua5.1.so.0", "liblua5.1-0"),
            ("libhiredis.so.0.14", "libhiredis0.14"),
            ("liblua5.1-cjson.so.0", "lua-cjson"),
            ("libwrap.so.0", "libwrap0"),
            ("libLLVM.so.19.1", "libllvm19.1"),
        ] {
            assert_eq!(packages_of(library)[0], package);
        }
    }
}
