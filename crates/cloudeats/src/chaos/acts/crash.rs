//! F1: services that are killed, anywhere or at a named point.

use std::time::Duration;

use nix::sys::signal::Signal;
use tokio_util::task::TaskTracker;

use crate::api::Api;
use crate::chaos::act::{Landed, ms};
use crate::chaos::points;
use crate::chaos::rig::Rig;
use crate::ports::Door;
use crate::seed::people::Roster;

/// How long a service may take until it comes to its point.
const POINT_MAX: Duration = Duration::from_secs(15);
/// Whoever signs in waits for a password to be checked.
const SIGNING_IN: usize = 4;
const BUSY: Duration = Duration::from_millis(30);

/// Kills a service while it works.
pub(in crate::chaos) async fn kill(rig: &Rig<'_>, service: &str) -> anyhow::Result<Landed> {
    let tasks = TaskTracker::new();
    if service == "identity" {
        sign_in(rig, &tasks)?;
        tokio::time::sleep(BUSY).await;
    }
    let work = rig.at_work(service).await?;
    let took = rig.replace(service, Signal::SIGKILL).await?;
    tasks.close();
    tasks.wait().await;
    Ok(work.map(|work| format!("{work}; ready again after {}", ms(took))))
}

/// Ends a service in order and starts it again, as a deploy does.
pub(in crate::chaos) async fn redeploy(rig: &Rig<'_>, service: &str) -> anyhow::Result<Landed> {
    let work = rig.at_work(service).await?;
    let took = rig.replace(service, Signal::SIGTERM).await?;
    Ok(work.map(|work| format!("{work}; drained and ready again after {}", ms(took))))
}

/// Nobody asks identity unless somebody signs in.
fn sign_in(rig: &Rig<'_>, tasks: &TaskTracker) -> anyhow::Result<()> {
    let api = Api::new(rig.site().http_url(Door::Gateway))?;
    for hired in Roster::open(rig.site())?.people.iter().take(SIGNING_IN) {
        let person = hired.person(&api);
        tasks.spawn(async move {
            if let Err(error) = person.id().await {
                tracing::warn!(error = format!("{error:#}"), "nobody could sign in");
            }
        });
    }
    Ok(())
}

/// Makes a service crash at each point that it was seen to pass, one start for each. What was not passed
/// in time gets a second chance.
pub(in crate::chaos) async fn sweep(rig: &Rig<'_>, service: &str) -> anyhow::Result<Landed> {
    let points = points::of(&rig.site().layout, service)?;
    if points.is_empty() {
        return Ok(None);
    }
    let mut missed = sweep_once(rig, service, &points).await?;
    if !missed.is_empty() {
        rig.all_ready().await?;
        missed = sweep_once(rig, service, &missed).await?;
    }
    let (all, landed) = (points.len(), points.len() - missed.len());
    let missed = if missed.is_empty() { "none".to_owned() } else { missed.join(", ") };
    Ok((landed > 0).then(|| format!("at {landed} of {all} points; not reached: {missed}")))
}

/// Makes a service crash at each of these points; answers those that it did not come to.
async fn sweep_once(
    rig: &Rig<'_>,
    service: &str,
    points: &[String],
) -> anyhow::Result<Vec<String>> {
    for point in points {
        let told = ("CLOUDEATS_CRASH_AT".to_owned(), point.to_owned());
        rig.stack.tell_next(service, vec![told])?;
    }
    let mut words = rig.words_of(service);
    rig.process(service)?.send(Signal::SIGKILL)?;
    let mut missed = Vec::new();
    for point in points {
        let tasks = TaskTracker::new();
        if service == "identity" {
            sign_in(rig, &tasks)?;
        }
        if !words.say(&format!("crash point {point}\n"), POINT_MAX).await {
            missed.push(point.clone());
            // On to the next start, which is told of the next point; one that came too late is on its way.
            if let Ok(process) = rig.process(service) {
                process.send(Signal::SIGKILL)?;
            }
        }
        tasks.close();
        tasks.wait().await;
    }
    Ok(missed)
}
