//! What `boot` is handed.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use axum::Router;
use common::{
    telemetry::Scrape,
    types::{Clock, Fault, SystemClock, Timestamp},
};
use futures::FutureExt;
use secrecy::ExposeSecret;
use serde::Serialize;
use tokio::task::JoinSet;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use utoipa_axum::router::OpenApiRouter;
use uuid::Uuid;

use crate::{
    Client, HttpConfig, Signer,
    admin::Probe,
    client::{self, Patience},
    keys::Jwks,
    letters,
    metrics::SERIES,
    stack::{Parts, Plan, Stack},
    token::{Verifier, service_rules},
};

/// Tells a task to finish what it holds and return.
pub type Stop = CancellationToken;

/// The shortest secret that signs cursors.
const CURSOR_KEY_MIN: usize = 32;

/// A service under construction, then in service.
pub struct Kit {
    pub(crate) name: &'static str,
    pub(crate) http: HttpConfig,
    pub(crate) scrape: Scrape,
    pub(crate) stop: Stop,
    pub(crate) requests: TaskTracker,
    pub(crate) tasks: JoinSet<(&'static str, anyhow::Result<()>)>,
    pub(crate) probes: Vec<Probe>,
    pub(crate) router: Router,
    plan: Plan,
    letters: Router,
    keys: Jwks,
    clock: Arc<dyn Clock>,
    signer: Signer,
    outgoing: reqwest::Client,
}

impl Kit {
    /// A kit for the service called `name`, with the keys that `http` names.
    ///
    /// # Errors
    /// Keys that cannot be read.
    pub fn new(name: &'static str, http: HttpConfig, scrape: Scrape) -> anyhow::Result<Self> {
        let file = http.service_key_file.display();
        let private = std::fs::read_to_string(&http.service_key_file)
            .with_context(|| format!("CE_SERVICE_KEY_FILE: cannot read {file}"))?;
        let signer = Signer::new(name, &private.into(), Arc::new(SystemClock))
            .with_context(|| format!("CE_SERVICE_KEY_FILE: {file}"))?;
        let keys = Jwks::read(&http.service_keys_file).context("CE_SERVICE_KEYS_FILE")?;
        Self::with_keys(name, http, scrape, signer, keys)
    }

    /// A kit with keys that lie in no file, as tests have them.
    ///
    /// # Errors
    /// A cursor key that is too short.
    pub fn with_keys(
        name: &'static str,
        http: HttpConfig,
        scrape: Scrape,
        signer: Signer,
        keys: Jwks,
    ) -> anyhow::Result<Self> {
        let short = |key: &secrecy::SecretString| key.expose_secret().len() < CURSOR_KEY_MIN;
        anyhow::ensure!(
            !http.cursor_key.as_ref().is_some_and(short),
            "CE_CURSOR_KEY has fewer than {CURSOR_KEY_MIN} characters"
        );
        Ok(Self {
            name,
            http,
            scrape,
            stop: Stop::new(),
            requests: TaskTracker::new(),
            tasks: JoinSet::new(),
            probes: Vec::new(),
            router: Router::new(),
            plan: Plan::default(),
            letters: Router::new(),
            keys,
            clock: Arc::new(SystemClock),
            signer,
            outgoing: client::inside(Patience::default())?,
        })
    }

    /// The clock of this process.
    #[must_use]
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock)
    }

    /// A client for the service `audience` of ours at `base_url`, with its token, deadline and trace.
    ///
    /// # Errors
    /// An address that is none.
    pub fn client(&self, base_url: &str, audience: &'static str) -> anyhow::Result<Client> {
        let (http, signer) = (self.outgoing.clone(), self.signer.clone());
        Client::inside(http, base_url, audience, signer, Patience::default())
    }

    /// A client for somebody else's service: no token and no headers of ours, TLS as the address says.
    ///
    /// # Errors
    /// An address that is none.
    pub fn outside(&self, base_url: &str, timeout: Duration) -> anyhow::Result<Client> {
        Client::outside(base_url, timeout)
    }

    /// Adds a condition of readiness.
    pub fn probe<F, Fut>(&mut self, name: &'static str, probe: F)
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        self.probes.push(Probe { name, check: Arc::new(move || probe().boxed()) });
    }

    /// Starts work that lives as long as the process. It is told to stop, never dropped. An error or a
    /// panic of it stops the process.
    pub fn task<F, Fut>(&mut self, name: &'static str, work: F)
    where
        F: FnOnce(Stop) -> Fut,
        Fut: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        let work = work(self.stop.clone());
        // A panic is an outcome like others, so that it has the task's name.
        let work = std::panic::AssertUnwindSafe(work).catch_unwind();
        let stop = self.stop.clone();
        SERIES.task_begins(name);
        self.tasks.spawn(async move {
            let outcome = work.await.unwrap_or_else(|_panic| Err(anyhow::anyhow!("it panicked")));
            if !stop.is_cancelled() {
                SERIES.task_ended(name);
            }
            (name, outcome)
        });
    }

    /// Opens the door.
    pub fn serve(&mut self, router: OpenApiRouter) {
        self.serve_planned(Plan::of(router.get_openapi()), router.into());
    }

    /// Opens the door of a service whose routes have no document of their own.
    pub fn serve_plain(&mut self, router: Router) {
        self.serve_planned(Plan::default(), router);
    }

    /// Opens the door of a service that knows before how much a request matters.
    pub fn serve_planned(&mut self, plan: Plan, router: Router) {
        (self.plan, self.router) = (plan, router);
    }

    /// Shows the dead letters of this service to operators, and has them tried again: see [`letters`].
    pub fn dead_letters<L, E, List, Redrive>(
        &mut self,
        list: impl Fn(u16, Option<(Timestamp, Uuid)>) -> List + Send + Sync + 'static,
        redrive: impl Fn(Uuid) -> Redrive + Send + Sync + 'static,
    ) where
        L: Serialize + Send + 'static,
        E: Fault,
        List: Future<Output = Result<Vec<L>, E>> + Send + 'static,
        Redrive: Future<Output = Result<bool, E>> + Send + 'static,
    {
        self.letters = letters::routes(list, redrive);
    }

    /// Cancelled when the process stops.
    #[must_use]
    pub fn stop(&self) -> Stop {
        self.stop.clone()
    }

    /// Signs this service's tokens.
    #[must_use]
    pub fn signer(&self) -> Signer {
        self.signer.clone()
    }

    pub(crate) fn stack(&mut self) -> anyhow::Result<Stack> {
        let router = std::mem::take(&mut self.router).merge(std::mem::take(&mut self.letters));
        let secret = self.http.cursor_key.as_ref();
        Stack::planned(
            router,
            self.plan.clone(),
            Parts {
                tokens: Verifier::new(service_rules(self.name), &self.keys, self.clock()),
                cursor_key: secret.map(|secret| secret.expose_secret().as_bytes().to_vec()),
                limits: self.http.limits(),
                stop: self.stop.clone(),
                requests: self.requests.clone(),
            },
        )
    }
}
