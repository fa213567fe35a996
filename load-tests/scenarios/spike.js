// The offer of the day: ten times as many within ten seconds, for a minute; a minute later it is a usual day again.

import { RATE, lasting } from "../lib/config.js";
import * as scenario from "../lib/scenario.js";
import { BEYOND } from "../lib/slo.js";
import { visit } from "../lib/visits.js";

export const options = scenario.options(
  {
    executor: "ramping-arrival-rate",
    startRate: RATE,
    peak: 10 * RATE,
    stages: [
      { target: RATE, duration: lasting(120) },
      { target: 10 * RATE, duration: lasting(10) },
      { target: 10 * RATE, duration: lasting(60) },
      { target: RATE, duration: lasting(10) },
      { target: RATE, duration: lasting(120) },
    ],
  },
  BEYOND,
);
export const setup = scenario.setup;
export const handleSummary = scenario.summary("spike");
export default visit;
