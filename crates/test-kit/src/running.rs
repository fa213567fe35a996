//! A whole service on free ports.

use std::net::SocketAddr;

use service_kit::{Kit, Stop, lifecycle};
use tokio::{sync::oneshot, task::JoinHandle};

/// A service that listens in this process.
#[derive(Debug)]
pub struct Running {
    /// The public port.
    pub http: SocketAddr,
    /// The admin port.
    pub admin: SocketAddr,
    told: Stop,
    ended: JoinHandle<anyhow::Result<()>>,
}

impl Running {
    /// Starts what `kit` was told to serve.
    ///
    /// # Panics
    /// Where it cannot listen.
    #[expect(clippy::disallowed_methods, reason = "a test stands in for the process")]
    pub async fn start(kit: Kit) -> Self {
        let told = Stop::new();
        let stopped = told.clone().cancelled_owned();
        let (say, hear) = oneshot::channel();
        let ended = tokio::spawn(lifecycle::serve(
            kit,
            async move {
                stopped.await;
                Ok(())
            },
            |addresses| {
                let _ = say.send(addresses);
            },
        ));
        let addresses = hear.await.expect("the service listens");
        Self { http: addresses.http, admin: addresses.admin, told, ended }
    }

    /// Tells it to stop, as SIGTERM does, and goes on.
    pub fn tell_to_stop(&self) {
        self.told.cancel();
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// Why it ended, where it was not told to.
    ///
    /// # Panics
    /// Where it did.
    pub async fn ended(self) -> anyhow::Result<()> {
        self.ended.await.expect("the service panicked")
    }

    /// Tells it to stop and waits for its end.
    ///
    /// # Errors
    /// Why it ended, where it was not told to.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.tell_to_stop();
        self.ended().await
    }
}
