//! A customer who watches an order on the tracking stream.

use std::time::Duration;

use common::types::OrderId;
use fleet_contract::http::TrackedPosition;
use orders_contract::http::TrackedState;

use crate::api::{Call, Person, within};

use super::world::World;

/// The stream beats every 15 s: one that is silent for longer is broken.
const SILENT_MAX: Duration = Duration::from_secs(40);
const AGAIN: Duration = Duration::from_millis(700);
/// A position this near to a point of the track is that point.
const ON_TRACK_M: f64 = 0.5;

/// What was seen of an order.
#[derive(Debug, Default)]
struct Seen {
    last: i64,
    confirmed: bool,
    ready: bool,
    ended: bool,
}

/// Follows an order to its end, however often the stream breaks.
pub(super) async fn follow(world: &World, person: &Person, order: OrderId, on_track: bool) {
    let mut seen = Seen::default();
    while !seen.ended {
        let watching = watch(world, person, order, on_track, &mut seen);
        if let Some(Err(error)) = world.home_time.run_until_cancelled(watching).await {
            tracing::debug!(error = format!("{error:#}"), "the tracking stream broke");
            world.tally.troubles.add();
        }
        if !seen.ended && world.pause(AGAIN).await.is_none() {
            world.tally.given_up.add();
            return;
        }
    }
}

async fn watch(
    world: &World,
    person: &Person,
    order: OrderId,
    on_track: bool,
    seen: &mut Seen,
) -> anyhow::Result<()> {
    let mut call = Call::get(format!("/v1/orders/{order}/track"));
    if seen.last > 0 {
        call = call.header("last-event-id", seen.last.to_string());
    }
    let mut stream = person.open(&call).await?.error_for_status()?;
    let mut unread = String::new();
    while let Some(chunk) = within(SILENT_MAX, stream.chunk()).await.transpose()?.flatten() {
        unread.push_str(&String::from_utf8_lossy(&chunk).replace('\r', ""));
        while let Some((block, rest)) = unread.split_once("\n\n") {
            hear(world, block, on_track, seen);
            unread = rest.to_owned();
        }
        if seen.ended {
            break;
        }
    }
    Ok(())
}

fn hear(world: &World, block: &str, on_track: bool, seen: &mut Seen) {
    let field = |name: &str| {
        block.lines().find_map(|line| line.strip_prefix(name)).map(str::trim_start)
    };
    let Some(data) = field("data:") else { return };
    match field("event:") {
        Some("state") => {
            if let Ok(state) = serde_json::from_str(data) {
                step(world, &state, seen);
            }
        }
        Some("position") => {
            world.tally.positions_seen.add();
            let Ok(told) = serde_json::from_str::<TrackedPosition>(data) else { return };
            let track = world.options.track.as_ref().filter(|_| on_track);
            if track.is_some_and(|track| track.distance_m(told.position) < ON_TRACK_M) {
                world.tally.track_points_seen.add();
            }
        }
        _ => {}
    }
}

fn step(world: &World, step: &TrackedState, seen: &mut Seen) {
    if step.seq <= seen.last {
        return;
    }
    seen.last = step.seq;
    let tally = &world.tally;
    match step.state.as_str() {
        "CONFIRMED" if !seen.confirmed => {
            seen.confirmed = true;
            tally.confirmed.add();
        }
        "READY" if !seen.ready => {
            seen.ready = true;
            tally.ready.add();
        }
        "COMPLETED" | "COMPLETED_UNPAID" => tally.completed.add(),
        "CANCELLED" => tally.cancelled.add(),
        "REJECTED" => tally.refused.add(),
        _ => {}
    }
    seen.ended = step.ended;
}
