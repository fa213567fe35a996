// The promises of docs/slo.md as thresholds.

import { PATIENCE } from "./config.js";

const PROMISED = {
  "http_req_failed{scope:shop}": [{ threshold: "rate<0.001", abortOnFail: true, delayAbortEval: "20s" }],
  "http_req_duration{scope:shop}": [{ threshold: "p(99)<1000", abortOnFail: true, delayAbortEval: "20s" }],
  orders_broken: [{ threshold: "rate<0.001", abortOnFail: true, delayAbortEval: "20s" }],
  // A load that could not be made is no measurement.
  dropped_iterations: ["count<10"],
  checks: ["rate>0.999"],
};

// What a busy machine can show: nothing breaks, whoever is turned away may come again, and it takes its time.
const PATIENT = {
  answers_broken: [{ threshold: "rate<0.001", abortOnFail: true, delayAbortEval: "20s" }],
  "http_req_duration{scope:shop}": [`p(99)<${1000 * PATIENCE}`],
  checks: ["rate>0.999"],
};

/** What every scenario holds as long as the shop is not pressed beyond what it can do. */
export const KEPT = PATIENCE > 1 ? PATIENT : PROMISED;

/** Beyond it: refusing is right, breaking is not. Whoever was let in is served within the deadline. */
export const BEYOND = {
  answers_broken: [{ threshold: "rate<0.001", abortOnFail: true, delayAbortEval: "20s" }],
  let_in_ms: ["p(99)<5000"],
  checks: ["rate>0.999"],
};
