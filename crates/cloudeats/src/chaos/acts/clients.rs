//! F21: clients who hang up.

use std::time::Duration;

use tokio::time::Instant;

use crate::chaos::act::Landed;
use crate::chaos::rig::Rig;

const SHARE_PCT: u8 = 30;
const LASTS: Duration = Duration::from_secs(12);
const LASTS_MAX: Duration = Duration::from_mins(1);
const LOOK: Duration = Duration::from_millis(100);
/// With fewer, chance may have spared every order.
const HUNG_UP_MIN: u64 = 20;

/// Lets every third user drop the connection within 50 ms, for a while.
pub(in crate::chaos) async fn hang_up(rig: &Rig<'_>) -> anyhow::Result<Landed> {
    let mood = rig.game.mood();
    let before = mood.hung_up();
    mood.hang_up(SHARE_PCT);
    let begun = Instant::now();
    let mut hung_up = 0;
    while begun.elapsed() < LASTS || (hung_up < HUNG_UP_MIN && begun.elapsed() < LASTS_MAX) {
        tokio::time::sleep(LOOK).await;
        hung_up = mood.hung_up() - before;
    }
    mood.hang_up(0);
    Ok((hung_up >= HUNG_UP_MIN).then(|| format!("{hung_up} requests dropped")))
}
