//! A customer who watches an order on the tracking stream.

use std::time::Duration;

use common::types::OrderId;
use fleet_contract::http::TrackedPosition;
use orders_contract::http::{Order, TrackedState};
use rand::Rng;

use crate::api::{Call, Person, within};

use super::world::World;

/// The stream beats every 15 s: one that is silent for longer is broken.
const SILENT_MAX: Duration = Duration::from_secs(40);
const AGAIN: Duration = Duration::from_millis(700);
const AGAIN_MAX: Duration = Duration::from_secs(15);
/// How often somebody without a screen looks.
const LOOK: Duration = Duration::from_secs(3);
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

/// Follows an order to its end, on the stream while there is a screen, else by looking now and then.
pub(super) async fn follow(world: &World, person: &Person, order: OrderId, on_track: bool) {
    let (mut seen, mut failures) = (Seen::default(), 0);
    while !seen.ended {
        let before = seen.last;
        let outcome = match world.screens.try_acquire() {
            Ok(_screen) => {
                let watching = watch(world, person, order, on_track, &mut seen);
                world.home_time.run_until_cancelled(watching).await
            }
            Err(_all_taken) => {
                let looking = look(world, person, order, &mut seen);
                world.home_time.run_until_cancelled(looking).await
            }
        };
        if let Some(Err(error)) = outcome {
            tracing::debug!(error = format!("{error:#}"), "an order was lost sight of");
            world.tally.troubles.add();
            failures = if seen.last > before { 1 } else { failures + 1 };
        } else {
            failures = 0;
        }
        if !seen.ended && world.pause(again_after(failures)).await.is_none() {
            world.tally.given_up.add();
            return;
        }
    }
}

/// Whoever is refused comes back later and later, and not all at once.
fn again_after(failures: u32) -> Duration {
    let most = AGAIN_MAX.min(AGAIN.saturating_mul(1 << failures.min(8)));
    most.mul_f64(rand::rng().random_range(0.5..1.0))
}

async fn look(
    world: &World,
    person: &Person,
    order: OrderId,
    seen: &mut Seen,
) -> anyhow::Result<()> {
    world.pause(LOOK).await;
    let answer = person.try_once(&Call::get(format!("/v1/orders/{order}"))).await??;
    let found: Order = answer.expect_ok("no order")?.json()?;
    let ended = ["COMPLETED", "COMPLETED_UNPAID", "CANCELLED", "REJECTED"];
    let state = TrackedState {
        order_id: order,
        seq: found.version,
        ended: ended.contains(&found.state.as_str()),
        state: found.state,
        status: found.status,
        cause: found.cause,
        at: found.created_at,
        promise_at: found.promise_at,
    };
    step(world, &state, seen);
    Ok(())
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
    let field =
        |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).map(str::trim_start);
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
    // Whoever only looks now and then misses steps.
    let past = |states: &[&str]| states.contains(&step.state.as_str());
    let since_ready = ["READY", "DISPATCHED", "DELIVERED", "CAPTURING", "COMPLETED"];
    if !seen.confirmed && (past(&["CONFIRMED", "PREPARING"]) || past(&since_ready)) {
        seen.confirmed = true;
        tally.confirmed.add();
    }
    if !seen.ready && past(&since_ready) {
        seen.ready = true;
        tally.ready.add();
    }
    match step.state.as_str() {
        "COMPLETED" | "COMPLETED_UNPAID" => tally.completed.add(),
        "CANCELLED" => tally.cancelled.add(),
        "REJECTED" => tally.refused.add(),
        _ => {}
    }
    seen.ended = step.ended;
}
