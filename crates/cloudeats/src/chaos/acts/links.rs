//! F9: ways that are cut, in one direction or both, and open again.

use std::fmt;
use std::time::Duration;

use crate::chaos::act::Landed;
use crate::chaos::proxy::{Proxy, Toxic};
use crate::chaos::rig::Rig;

const LASTS: Duration = Duration::from_secs(3);
const FLAPS: u32 = 2;
const FLAP: Duration = Duration::from_secs(1);

/// Which way is harmed, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Harm {
    pub(crate) way: Way,
    pub(crate) how: How,
}

/// A way between processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Inventory,
    Payment,
    Provider,
    Databases,
}

/// What is done to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    /// What is asked arrives, the reply does not.
    LoseReplies,
    /// Nothing arrives, and nobody is told.
    Hang,
    /// Resets, on and off.
    Flap,
    /// Each third commit arrives, and its answer does not.
    CutAtCommit,
}

pub(in crate::chaos) async fn play(rig: &Rig<'_>, harm: Harm) -> anyhow::Result<Landed> {
    let way = harm.way.proxy(rig);
    let before = way.harmed();
    match harm.how {
        How::LoseReplies => hold(way, Toxic::LoseReply, LASTS).await,
        How::Hang => hold(way, Toxic::Hang, LASTS).await,
        How::CutAtCommit => hold(way, Toxic::CutAtCommit(3), LASTS).await,
        How::Flap => {
            for _ in 0..FLAPS {
                hold(way, Toxic::Reset, FLAP).await;
                tokio::time::sleep(FLAP).await;
            }
        }
    }
    let harmed = way.harmed() - before;
    Ok((harmed > 0).then(|| format!("{harmed} exchanges harmed")))
}

async fn hold(way: &Proxy, toxic: Toxic, time: Duration) {
    way.set(toxic);
    tokio::time::sleep(time).await;
    way.set(Toxic::None);
}

impl Way {
    fn proxy<'a>(self, rig: &Rig<'a>) -> &'a Proxy {
        match self {
            Self::Inventory => &rig.links.inventory,
            Self::Payment => &rig.links.payment,
            Self::Provider => &rig.links.provider,
            Self::Databases => &rig.links.databases,
        }
    }
}

impl fmt::Display for Harm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let way = match self.way {
            Way::Inventory => "inventory",
            Way::Payment => "payment",
            Way::Provider => "provider",
            Way::Databases => "the databases",
        };
        match self.how {
            How::LoseReplies => write!(f, "replies of {way} are lost"),
            How::Hang => write!(f, "the way to {way} hangs"),
            How::Flap => write!(f, "the way to {way} flaps, 1 s of resets, 1 s open"),
            How::CutAtCommit => write!(f, "{way}: every third COMMIT has no answer"),
        }
    }
}
