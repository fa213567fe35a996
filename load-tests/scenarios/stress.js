// Three times what it should bear, step by step and down again: it refuses, and breaks nothing.

import { RATE, lasting } from "../lib/config.js";
import * as scenario from "../lib/scenario.js";
import { BEYOND } from "../lib/slo.js";
import { visit } from "../lib/visits.js";

const step = (times) => [
  { target: RATE * times, duration: lasting(30) },
  { target: RATE * times, duration: lasting(150) },
];

export const options = scenario.options(
  { executor: "ramping-arrival-rate", startRate: RATE, peak: 3 * RATE, stages: [1, 1.5, 2, 3, 1].flatMap(step) },
  BEYOND,
);
export const setup = scenario.setup;
export const handleSummary = scenario.summary("stress");
export default visit;
