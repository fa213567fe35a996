//! What some faults need besides signals and proxies, where it is to be had.

use std::sync::Arc;

use crate::layout::Layout;

use super::act::Act;
use super::clock::Clock;
use super::disk::Disk;
use super::ground::Ground;
use super::line::Line;
use super::plan::Planned;

/// Made for the faults that were planned; the others have no need of it.
#[derive(Debug, Default)]
pub(super) struct Means {
    pub(super) line: Option<Arc<Line>>,
    pub(super) disk: Option<Disk>,
    pub(super) clock: Option<Clock>,
}

impl Means {
    /// Makes what the planned faults need. A fault whose means are not to be had is one that cannot be
    /// played here, and says why.
    pub(super) async fn gather(
        planned: &mut [Planned],
        layout: &Layout,
        ground: &Ground,
        seed: u64,
    ) -> Self {
        let mut means = Self::default();
        for Planned { act, .. } in planned {
            let made = match act {
                Act::Lossy if means.line.is_none() => {
                    Line::open(seed).await.map(|line| means.line = Some(Arc::new(line)))
                }
                Act::Full if means.disk.is_none() => {
                    Disk::mount(layout, ground).map(|disk| means.disk = Some(disk))
                }
                Act::Clock if means.clock.is_none() => {
                    Clock::make(layout).await.map(|clock| means.clock = Some(clock))
                }
                _ => Ok(()),
            };
            if let Err(why) = made {
                *act = Act::Unable(act.fault(), format!("{why:#}"));
            }
        }
        means
    }
}
