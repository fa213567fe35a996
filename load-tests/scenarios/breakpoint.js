// How much is too much: visits rise until a promise breaks, and the result says how many there were.

import { RATE, lasting } from "../lib/config.js";
import * as scenario from "../lib/scenario.js";
import { KEPT } from "../lib/slo.js";
import { visit } from "../lib/visits.js";

export const options = scenario.options(
  { executor: "ramping-arrival-rate", startRate: RATE, peak: 20 * RATE, stages: [{ target: 20 * RATE, duration: lasting(1200) }] },
  KEPT,
);
export const setup = scenario.setup;
export const handleSummary = scenario.summary("breakpoint");
export default visit;
