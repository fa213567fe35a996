//! How many requests are worked on at once, and who waits for whom.

mod gate;
mod intake;
mod limit;
mod plan;

use std::{sync::Arc, time::Duration};

use axum::http::{HeaderMap, HeaderValue, Method};
use common::types::Role;
use tokio::time::Instant;

use crate::{
    context::Context,
    metrics::{SERIES, Shed},
    token::{ServiceClaims, TOKEN, Verifier},
};

use gate::Gate;
pub(super) use gate::Permit;
pub use intake::{Intake, IntakeConfig, Undertaking};
pub use plan::{Plan, RANK, Rank, Seat};

/// The longest that a request waits for a place.
const WAIT_MAX: Duration = Duration::from_millis(50);

/// A bound on the work of this process, by rank and by route: see [`Rank`]. What begins something that goes
/// on after its answer has a bound of its own: see [`Intake`].
pub(super) struct Admission {
    gate: Arc<Gate>,
    plan: Plan,
}

impl Admission {
    pub(super) fn new(requests_max: usize, plan: Plan) -> Self {
        for rank in Rank::ALL {
            SERIES.may_shed(rank, Shed::Places);
        }
        Self { gate: Gate::new(requests_max, plan.lanes()), plan }
    }

    /// The place that a request asks for, as far as it can be told without proof.
    pub(super) fn seat(&self, method: &Method, path: &str, headers: &HeaderMap) -> Asked {
        let Seat { rank: planned, lane } = self.plan.seat(method, path);
        let told = headers.get(&RANK).and_then(Rank::read);
        let rank = planned.or(told).unwrap_or_else(|| Rank::of(method));
        // What comes from outside says nothing of its rank; a service must prove that it is one.
        let proof = match (planned, told) {
            (Some(_), _) | (None, Some(Rank::Deed | Rank::Look | Rank::Report)) => Proof::Given,
            (None, Some(Rank::Begun)) => Proof::AnyToken,
            (None, None) => Proof::OwnToken,
        };
        Asked { rank, lane, proof, intake: self.plan.intake(method, path) }
    }

    /// Lets a request in, after at most 50 ms; `None` where there is no room.
    ///
    /// Who begins something that could not be decided in time does not wait at all. Who waits does so where
    /// the connection is served: nothing is started for somebody who may be turned
    /// away. Where too many wait already, nobody waits any more.
    pub(super) async fn enter(
        &self,
        asked: &Asked,
        headers: &HeaderMap,
        tokens: &Verifier<ServiceClaims>,
        context: &Context,
    ) -> Option<Permit> {
        let Asked { rank, lane, proof, ref intake } = *asked;
        if let Some(why) = intake.as_ref().and_then(Intake::shut) {
            SERIES.shed(rank, why);
            return None;
        }
        let unproven = if proof == Proof::Given { rank } else { rank.max(Rank::Deed) };
        if let Some(permit) = self.gate.try_enter(unproven, lane) {
            return Some(permit);
        }
        // Only under pressure does it matter who asks.
        let rank = if proof.holds(headers, tokens) { Rank::Begun } else { unproven };
        let until = (Instant::now() + WAIT_MAX).min(context.deadline());
        let permit = self.gate.enter(rank, lane, until).await;
        if permit.is_none() {
            SERIES.shed(rank, Shed::Places);
        }
        permit
    }
}

/// The place that a request asks for.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) rank: Rank,
    lane: usize,
    proof: Proof,
    /// Where it begins something.
    pub(super) intake: Option<Intake>,
}

/// What a request must show before it goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Proof {
    /// Nothing: it is not what it says, but what we know of it.
    Given,
    /// That it comes from a service of ours.
    AnyToken,
    /// That it comes from a service of ours, for nobody else.
    OwnToken,
}

impl Proof {
    fn holds(self, headers: &HeaderMap, tokens: &Verifier<ServiceClaims>) -> bool {
        if self == Self::Given {
            return false;
        }
        let token = headers.get(TOKEN).map(HeaderValue::to_str).and_then(Result::ok);
        let claims = token.and_then(|token| tokens.verify(token).ok());
        claims.is_some_and(|it| self == Self::AnyToken || it.principal.has(Role::Service))
    }
}
