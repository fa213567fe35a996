// Four hours of a usual day: what grows, grows out of its bounds here. Look at memory and at tables afterwards.

import { RATE, lasting } from "../lib/config.js";
import * as scenario from "../lib/scenario.js";
import { KEPT } from "../lib/slo.js";
import { visit } from "../lib/visits.js";

export const options = scenario.options({ executor: "constant-arrival-rate", rate: RATE, duration: lasting(4 * 3600) }, KEPT);
export const setup = scenario.setup;
export const handleSummary = scenario.summary("soak");
export default visit;
