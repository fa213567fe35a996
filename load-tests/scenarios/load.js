// A day as it should be: up to RATE visits a second, ten minutes of it, and every promise kept.

import { RATE, lasting } from "../lib/config.js";
import * as scenario from "../lib/scenario.js";
import { KEPT } from "../lib/slo.js";
import { visit } from "../lib/visits.js";

export const options = scenario.options(
  {
    executor: "ramping-arrival-rate",
    startRate: 1,
    stages: [
      { target: RATE, duration: lasting(60) },
      { target: RATE, duration: lasting(600) },
      { target: 0, duration: lasting(30) },
    ],
  },
  KEPT,
);
export const setup = scenario.setup;
export const handleSummary = scenario.summary("load");
export default visit;
