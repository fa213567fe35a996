// What all scenarios share: how they begin, what they do, and what they leave behind.

import { fail } from "k6";

import { RATE, RESULTS } from "./config.js";
import { register, token } from "./people.js";
import { look } from "./shop.js";

/** Options of a scenario: visits by arrival, however long each takes. */
export function options(executor, thresholds) {
  const most = Math.ceil((executor.peak || RATE) * 5);
  const { peak: _peak, ...rest } = executor;
  const visits = { timeUnit: "1s", preAllocatedVUs: Math.min(most, 50), maxVUs: Math.max(most, 50), gracefulStop: "10s", ...rest };
  return {
    scenarios: { visits },
    thresholds,
    // Visitors come one by one, each with a connection of their own: the gateway closes those that are silent for 5 s.
    noVUConnectionReuse: true,
    summaryTrendStats: ["med", "p(95)", "p(99)", "max"],
    setupTimeout: "5m",
    userAgent: "cloudeats-load-tests",
  };
}

/** Makes the customers and looks around. */
export function setup() {
  const emails = register();
  const first = token(emails);
  if (first === null) fail("nobody can sign in");
  return { emails, stores: look(first) };
}

/** Writes `<name>.json` and says on one screen what was seen. */
export function summary(name) {
  return (data) => {
    const kept = Object.entries(data.metrics).flatMap(([metric, { thresholds = {} }]) =>
      Object.entries(thresholds).map(([threshold, { ok }]) => ({ metric, threshold, ok })),
    );
    const result = { scenario: name, rate: RATE, duration_ms: data.state.testRunDurationMs, kept, metrics: data.metrics };
    const lines = kept.map(({ metric, threshold, ok }) => `${ok ? "kept  " : "BROKEN"}  ${metric}  ${threshold}`);
    return {
      [`${RESULTS}/${name}.json`]: JSON.stringify(result, null, 1),
      stdout: `${[`${name}: ${counted(data)}`, ...lines].join("\n")}\n`,
    };
  };
}

function counted({ metrics, state }) {
  const value = (metric, of, digits = 0) => ((metrics[metric] || { values: {} }).values[of] || 0).toFixed(digits);
  return [
    `${value("iterations", "count")} visits in ${(state.testRunDurationMs / 1000).toFixed(0)} s`,
    `${value("orders", "count")} orders`,
    `${value("http_reqs", "count")} requests`,
    `p99 ${value("http_req_duration{scope:shop}", "p(99)") || value("http_req_duration", "p(99)")} ms`,
    `turned away ${(100 * Number(value("turned_away", "rate", 4))).toFixed(2)} %`,
    `not begun ${value("dropped_iterations", "count")}`,
  ].join(", ");
}
