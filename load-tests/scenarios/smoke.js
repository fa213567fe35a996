// Is the shop open? A visit a second for half a minute, and everything that a visitor can do.

import { check } from "k6";

import { lasting } from "../lib/config.js";
import * as scenario from "../lib/scenario.js";
import { KEPT } from "../lib/slo.js";
import { browse, fillCart, lookBack, order } from "../lib/visits.js";
import { token } from "../lib/people.js";

export const options = scenario.options({ executor: "constant-arrival-rate", rate: 1, peak: 2, duration: lasting(30) }, KEPT);
export const setup = scenario.setup;
export const handleSummary = scenario.summary("smoke");

export default function everything({ emails, stores }) {
  const mine = token(emails);
  if (!check(mine, { "one can sign in": (signed) => signed !== null })) return;
  for (const does of [browse, fillCart, order, lookBack]) does(mine, stores[__ITER % stores.length]);
}
