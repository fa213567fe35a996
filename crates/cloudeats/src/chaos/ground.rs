//! Ground of our own: a view of the machine's file systems in which we may mount some, and nobody else sees it.

/// Where a run stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Ground {
    /// With everybody else on the machine.
    #[default]
    Common,
    /// Apart.
    Own,
    /// Apart was asked for and refused, for this reason.
    Refused(String),
}

impl Ground {
    /// Sets this process and all that it will start apart. Only before it has a second thread.
    pub(super) fn own() -> Self {
        match apart() {
            Ok(()) => Self::Own,
            Err(why) => Self::Refused(why),
        }
    }
}

#[cfg(target_os = "linux")]
fn apart() -> Result<(), String> {
    use nix::mount::{MsFlags, mount};
    use nix::sched::{CloneFlags, unshare};
    use nix::unistd::{getegid, geteuid};

    let told = |what: &'static str| move |error: nix::Error| format!("{what}: {error}");
    let (user, group) = (geteuid(), getegid());
    if user.is_root() {
        unshare(CloneFlags::CLONE_NEWNS).map_err(told("no mount namespace"))?;
    } else {
        // Whoever is not root may mount in a user namespace, where that is allowed at all.
        unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNS)
            .map_err(told("neither root nor a user namespace"))?;
        let same = [
            ("setgroups", "deny".to_owned()),
            ("uid_map", format!("{user} {user} 1")),
            ("gid_map", format!("{group} {group} 1")),
        ];
        for (file, text) in same {
            std::fs::write(format!("/proc/self/{file}"), text)
                .map_err(|error| format!("no user namespace: {file}: {error}"))?;
        }
    }
    let (nothing, private) = (None::<&str>, MsFlags::MS_REC | MsFlags::MS_PRIVATE);
    mount(nothing, "/", nothing, private, nothing).map_err(told("mounts cannot be kept apart"))
}

#[cfg(not(target_os = "linux"))]
fn apart() -> Result<(), String> {
    Err("only Linux has mount namespaces".to_owned())
}
