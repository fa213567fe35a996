//! What goes on by itself.

use std::{pin::pin, time::Duration};

use futures::future::{self, BoxFuture};
use service_kit::Stop;
use tokio::time::{Instant, sleep};

use crate::{App, metrics};

/// The dispatcher looks as often as this, whether or not it was woken.
const LOOK: Duration = Duration::from_secs(1);
const PRUNE: Duration = Duration::from_mins(1);

/// Gives deliveries to couriers, until stopped. Woken in this process after commits; the look each second
/// is the truth.
pub fn dispatcher(app: App) -> impl FnOnce(Stop) -> BoxFuture<'static, anyhow::Result<()>> {
    move |stop| {
        Box::pin(async move {
            let mut look_for_silence = Instant::now();
            while !stop.is_cancelled() {
                if Instant::now() >= look_for_silence {
                    look_for_silence = Instant::now() + LOOK;
                    if let Err(error) = app.release_silent().await {
                        tracing::warn!(error = %error, "could not look for silent couriers");
                    }
                }
                if let Err(error) = app.dispatch().await {
                    tracing::warn!(error = %error, "could not dispatch");
                    stop.run_until_cancelled(sleep(LOOK)).await;
                }
                // Only waits are dropped here.
                let (woken, look) = (pin!(app.work_to_do()), pin!(sleep(LOOK)));
                stop.run_until_cancelled(future::select(woken, look)).await;
            }
            Ok(())
        })
    }
}

/// Forgets what is old enough, until stopped.
pub fn pruner(app: App) -> impl FnOnce(Stop) -> BoxFuture<'static, anyhow::Result<()>> {
    move |stop| {
        Box::pin(async move {
            metrics::begin();
            while stop.run_until_cancelled(sleep(PRUNE)).await.is_some() {
                let mut more = true;
                while more && !stop.is_cancelled() {
                    more = app.prune().await.unwrap_or_else(|error| {
                        tracing::warn!(error = %error, "could not prune");
                        false
                    });
                }
            }
            Ok(())
        })
    }
}
