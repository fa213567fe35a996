//! What the three acts on a saga have in common: who may, and what has to be said.

use common::types::{Class, OrderId, Role, Text};
use service_kit::{Allowed, Caller, Key, Problem, Stored};

use crate::{
    App,
    app::{Act, ByHand},
};

/// People who run the platform. Support decides about customers, not about machines.
#[derive(Debug, Clone, Copy)]
pub(super) struct Platform;

impl Allowed for Platform {
    const ROLES: &'static [Role] = &[Role::Ops, Role::Admin];
}

/// Does it, for a reason that says something.
pub(super) async fn done(
    app: &App,
    caller: &Caller<Platform>,
    id: OrderId,
    key: &Key,
    act: Act,
    reason: &Text<500>,
) -> Result<Stored, Problem> {
    let reason = reason.as_str().trim();
    if reason.is_empty() {
        return Err(Problem::new(Class::Invalid, "invalid-body").pointing("/reason", "say why"));
    }
    let who = ByHand { by: caller.principal().id, id, reason };
    app.act_on_saga(key, act, who).await.map_err(super::a_held_key_says_when)
}
