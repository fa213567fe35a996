//! I8: the state machines of FEATURES 5.1, each with its table of legal transitions.

use super::{Invariant, rule};

/// A machine: its table and where its steps and its law are kept.
struct Machine {
    path: &'static str,
    end: &'static str,
    table: &'static str,
    steps: &'static str,
    legal: &'static str,
    id: &'static str,
}

const MACHINES: [Machine; 7] = [
    Machine {
        path: "orders take legal steps, counted from 1",
        end: "an order is where its last step led",
        table: "orders.orders",
        steps: "orders.order_transition",
        legal: "orders.order_legal",
        id: "order_id",
    },
    Machine {
        path: "tickets take legal steps, counted from 1",
        end: "a ticket is where its last step led",
        table: "orders.ticket",
        steps: "orders.ticket_transition",
        legal: "orders.ticket_legal",
        id: "ticket_id",
    },
    Machine {
        path: "reservations take legal steps, counted from 1",
        end: "a reservation is where its last step led",
        table: "inventory.reservation",
        steps: "inventory.reservation_transition",
        legal: "inventory.reservation_legal",
        id: "order_id",
    },
    Machine {
        path: "payments take legal steps, counted from 1",
        end: "a payment is where its last step led",
        table: "payment.payment",
        steps: "payment.payment_transition",
        legal: "payment.payment_legal",
        id: "order_id",
    },
    Machine {
        path: "refunds take legal steps, counted from 1",
        end: "a refund is where its last step led",
        table: "payment.refund",
        steps: "payment.refund_transition",
        legal: "payment.refund_legal",
        id: "refund_id",
    },
    Machine {
        path: "deliveries take legal steps, counted from 1",
        end: "a delivery is where its last step led",
        table: "fleet.delivery",
        steps: "fleet.delivery_transition",
        legal: "fleet.delivery_legal",
        id: "delivery_id",
    },
    Machine {
        path: "sends take legal steps, counted from 1",
        end: "a send is where its last step led",
        table: "notification.send",
        steps: "notification.send_transition",
        legal: "notification.send_legal",
        id: "send_id",
    },
];

pub(super) fn take_legal_paths() -> Invariant {
    let rules = MACHINES.iter().flat_map(|machine| {
        [rule(machine.path, machine.off_path()), rule(machine.end, machine.elsewhere())]
    });
    Invariant {
        id: "I8",
        promise: "every machine took a legal path",
        judged: "SELECT count(*) FROM orders.order_transition",
        rules: rules.collect(),
    }
}

impl Machine {
    /// A first step comes from nowhere, or from the word for what is not there yet. A step that stays is bookkeeping.
    fn off_path(&self) -> String {
        let Self { steps, legal, id, .. } = self;
        format!(
            "SELECT t.{id}, t.seq, t.from_state, t.to_state
               FROM (SELECT {id}, seq, from_state, to_state, lag(to_state) OVER w AS prev,
                            row_number() OVER w AS n
                       FROM {steps}
                     WINDOW w AS (PARTITION BY {id} ORDER BY seq)) t
               LEFT JOIN {legal} l ON l.from_state = t.from_state AND l.to_state = t.to_state
              WHERE t.seq <> t.n
                 OR (t.n = 1 AND t.from_state IS NOT NULL
                     AND (t.from_state NOT IN ('CREATED', 'REQUESTED') OR l.from_state IS NULL))
                 OR (t.n > 1 AND (t.from_state IS DISTINCT FROM t.prev
                                  OR (t.from_state <> t.to_state AND l.from_state IS NULL)))"
        )
    }

    fn elsewhere(&self) -> String {
        let Self { table, steps, id, .. } = self;
        format!(
            "SELECT m.{id}, m.state, m.version, t.to_state, t.seq
               FROM {table} m
               LEFT JOIN (SELECT DISTINCT ON ({id}) {id}, seq, to_state
                            FROM {steps}
                           ORDER BY {id}, seq DESC) t USING ({id})
              WHERE t.to_state IS DISTINCT FROM m.state OR t.seq IS DISTINCT FROM m.version"
        )
    }
}
