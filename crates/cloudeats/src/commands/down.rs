//! `cloudeats down`: ends what `up` started, and nothing else.

use std::time::Duration;

use crate::process::mark::Mark;
use crate::site::SERVICES;

use super::{Which, say};

const KEEPER_MAX: Duration = Duration::from_mins(1);
const END_MAX: Duration = Duration::from_secs(30);

/// Stops what `up` started or left behind.
#[derive(Debug, Clone, clap::Args)]
pub struct Down {
    #[command(flatten)]
    which: Which,
}

impl Down {
    /// Runs the verb.
    pub async fn run(self) -> anyhow::Result<()> {
        let layout = self.which.layout()?;
        let ended = end_all(&layout.marks()).await?;
        let stack = layout.stack();
        match ended.as_slice() {
            [] => say(format_args!("nothing of the stack `{stack}` runs")),
            names => say(format_args!("ended of the stack `{stack}`: {}", names.join(", "))),
        }
        Ok(())
    }
}

/// Ends every process whose mark lies in `marks`: the keeper, which ends its own, then services,
/// then the rest.
pub(crate) async fn end_all(marks: &std::path::Path) -> anyhow::Result<Vec<String>> {
    let before = Mark::all_living(marks);
    if let Some((_, keeper)) = before.iter().find(|(name, _)| name == "cloudeats") {
        keeper.end(KEEPER_MAX).await?;
    }
    let is_service = |name: &str| SERVICES.iter().any(|service| service.name == name);
    let mut left = Mark::all_living(marks);
    left.sort_by_key(|(name, _)| !is_service(name));
    for (name, mark) in left.iter().filter(|(name, _)| is_service(name)) {
        tracing::debug!(process = name, "left behind");
        mark.ask_to_stop()?;
    }
    for (name, mark) in &left {
        mark.end(END_MAX).await?;
        // A missing mark says the same as one that matches nobody.
        let _gone = std::fs::remove_file(marks.join(format!("{name}.json")));
    }
    Ok(before.into_iter().map(|(name, _)| name).collect())
}
