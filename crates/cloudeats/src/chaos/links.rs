//! The ways between processes that can be harmed.

use std::sync::Arc;
use std::time::Duration;

use crate::ports::{Door, Ports};
use crate::stack::Strain;

use super::line::Line;
use super::proxy::{Proxy, Toxic};

/// By then every connection has heard that it is over.
const BREAK: Duration = Duration::from_millis(200);

/// A proxy on each way that a fault may strike.
#[derive(Debug)]
pub(super) struct Links {
    pub(super) inventory: Proxy,
    pub(super) payment: Proxy,
    pub(super) provider: Proxy,
    pub(super) redis: Proxy,
    /// To the databases of the services.
    pub(super) databases: Proxy,
    /// To the event log.
    pub(super) log: Proxy,
}

impl Links {
    /// Opens all ways, harmless for now.
    pub(super) fn open(ports: &Ports, line: Option<&Arc<Line>>) -> anyhow::Result<Self> {
        let to = |door| Proxy::start(ports.of(door), line.cloned());
        Ok(Self {
            inventory: to(Door::Inventory)?,
            payment: to(Door::Payment)?,
            provider: to(Door::Provider)?,
            redis: to(Door::Redis)?,
            databases: to(Door::Postgres)?,
            log: to(Door::Postgres)?,
        })
    }

    /// Leads the services over these ways.
    pub(super) fn strain(&self) -> Strain {
        let ways = [
            (Door::Inventory, &self.inventory),
            (Door::Payment, &self.payment),
            (Door::Provider, &self.provider),
            (Door::Redis, &self.redis),
            (Door::Postgres, &self.databases),
        ];
        Strain {
            detours: ways.into_iter().map(|(door, proxy)| (door, proxy.port())).collect(),
            event_log: [(Door::Postgres, self.log.port())].into(),
            ..Strain::default()
        }
    }

    /// Leads all ways over the lossy line; connections that led elsewhere end.
    pub(super) async fn over_the_line(&self) {
        self.lead_anew(Toxic::Lossy).await;
    }

    /// Leads all ways straight again; connections that led elsewhere end.
    pub(super) async fn straight(&self) {
        self.lead_anew(Toxic::None).await;
    }

    /// No way is harmed any more.
    pub(super) fn heal(&self) {
        self.set(Toxic::None);
    }

    async fn lead_anew(&self, toxic: Toxic) {
        self.set(Toxic::Reset);
        tokio::time::sleep(BREAK).await;
        self.set(toxic);
    }

    fn set(&self, toxic: Toxic) {
        let all = [
            &self.inventory,
            &self.payment,
            &self.provider,
            &self.redis,
            &self.databases,
            &self.log,
        ];
        for proxy in all {
            proxy.set(toxic);
        }
    }
}
