//! The worker that forgets what nobody will ask for again, moves old orders out of the way, and looks for
//! newer menus. It measures what others look at, too.

use std::{pin::Pin, time::Duration};

use service_kit::Stop;

use crate::{App, metrics};

/// Between two looks at the versions of menus: so old may a price be after another process took note.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Looks between two prunings.
const LOOKS: u32 = 60;
/// Looks between two measurements: somebody asks as often.
const LOOKS_MEASURED: u32 = 15;

/// Works until told to stop.
pub fn worker(
    app: App,
) -> impl FnOnce(Stop) -> Pin<Box<dyn Future<Output = anyhow::Result<()>> + Send>> {
    move |stop| {
        Box::pin(async move {
            metrics::begin();
            let mut looks: u32 = 0;
            while !stop.is_cancelled() {
                if let Err(error) = app.refresh_menus().await {
                    tracing::warn!(error = %error, "menus could not be looked at");
                }
                if looks.is_multiple_of(LOOKS_MEASURED)
                    && let Err(error) = app.measure_orders().await
                {
                    tracing::warn!(error = %error, "nobody knows how long orders wait");
                }
                if looks.is_multiple_of(LOOKS) {
                    tidy(&app).await;
                }
                looks = looks.wrapping_add(1);
                let _stopped = stop.run_until_cancelled(tokio::time::sleep(LOOK_EVERY)).await;
            }
            Ok(())
        })
    }
}

async fn tidy(app: &App) {
    if let Err(error) = app.forget_old_keys().await {
        tracing::warn!(error = %error, "old keys could not be forgotten");
    }
    if let Err(error) = app.archive_orders().await {
        tracing::warn!(error = %error, "old orders could not be moved to the archive");
    }
}
