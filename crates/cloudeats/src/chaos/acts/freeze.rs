//! F2b and F17: processes that stand still and go on as if no time had passed.

use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::chaos::act::Landed;
use crate::chaos::rig::Rig;
use crate::process::memory::with_children;

const DATABASE: Duration = Duration::from_secs(6);
/// Longer than any lease.
const SERVICE: Duration = Duration::from_secs(20);

/// Stops every process of the database for a while: queries hang, and nobody is told.
pub(in crate::chaos) async fn database(rig: &Rig<'_>) -> anyhow::Result<Landed> {
    let Some(work) = rig.at_work("orders").await? else { return Ok(None) };
    let frozen = with_children(rig.process("postgres")?.pid);
    send_all(&frozen, Signal::SIGSTOP)?;
    tokio::time::sleep(DATABASE).await;
    send_all(&frozen, Signal::SIGCONT)?;
    Ok(Some(format!("{work}; {} processes stood still", frozen.len())))
}

/// Stops a service until its leases are over; a twin, where there is one, takes them.
pub(in crate::chaos) async fn service(rig: &Rig<'_>, name: &str) -> anyhow::Result<Landed> {
    let Some(work) = rig.at_work(name).await? else { return Ok(None) };
    let process = rig.process(name)?;
    process.send(Signal::SIGSTOP)?;
    tokio::time::sleep(SERVICE).await;
    process.send(Signal::SIGCONT)?;
    Ok(Some(format!("{work}; stood still for {} s", SERVICE.as_secs())))
}

fn send_all(pids: &[u32], signal: Signal) -> anyhow::Result<()> {
    for pid in pids {
        match kill(Pid::from_raw(i32::try_from(*pid)?), signal) {
            // Sessions come and go.
            Ok(()) | Err(Errno::ESRCH) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
