//! Forgetting.

use jiff::{SignedDuration, tz::TimeZone};
use postgres_kit::{StoreError, answers};

use crate::{App, store};

/// Clients give up on a key after a day.
const ANSWERS_KEPT: SignedDuration = SignedDuration::from_hours(72);
/// Providers repeat a webhook for some days, and a signature is good for minutes.
const NOTICES_KEPT: SignedDuration = SignedDuration::from_hours(24 * 14);

/// What is booked later than this after it was done shows as a break, and a person looks.
const LINES_KEPT: SignedDuration = SignedDuration::from_hours(24 * 40);
/// A day of five million orders is forgotten in a day.
const LINES_ROUNDS: usize = 40;

impl App {
    /// Removes old answers, webhooks and lines of files.
    pub(crate) async fn prune(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        let mut db = self.db.acquire().await?;
        let answers = answers::prune(&mut db, now - ANSWERS_KEPT).await?;
        let notices = store::notices::prune(&mut db, now - NOTICES_KEPT).await?;
        let before = (now - LINES_KEPT).to_zoned(TimeZone::UTC).date();
        let mut lines = 0;
        for _ in 0..LINES_ROUNDS {
            let gone = store::settlements::prune(&mut db, self.provider.name(), before).await?;
            lines += gone;
            if gone == 0 {
                break;
            }
        }
        tracing::debug!(answers, notices, lines, "pruned");
        Ok(())
    }
}
