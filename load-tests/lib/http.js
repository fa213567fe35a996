// Requests of the shop: named by route, counted by what became of them.

import http from "k6/http";
import { Rate, Trend } from "k6/metrics";

import { BASE } from "./config.js";

/** No answer, or one that blames us; turning away with a time to come again is neither. */
export const answersBroken = new Rate("answers_broken");
/** Turned away because too much came at once. */
export const turnedAway = new Rate("turned_away");
/** How long those waited who were not. */
const letInMs = new Trend("let_in_ms", true);

// Decisions such as 402, 409 and 422 are answers; only what blames us has failed.
http.setResponseCallback(http.expectedStatuses({ min: 200, max: 499 }));

/**
 * Asks; `name` is the route, so that a thousand orders are one line of the result.
 * @param {{name?: string, token?: string, body?: object, key?: string, scope?: string}} [how]
 */
export function ask(method, path, how = {}) {
  const { name, token, body, key, scope = "shop" } = how;
  /** @type {Record<string, string>} */
  const headers = { accept: "application/json" };
  if (token) headers.authorization = `Bearer ${token}`;
  if (key) headers["idempotency-key"] = key;
  if (body !== undefined) headers["content-type"] = "application/json";
  const tags = { name: `${method} ${name || path}`, scope };
  const text = body === undefined ? null : JSON.stringify(body);
  const answer = http.request(method, BASE + path, text, { headers, tags, timeout: "10s" });
  const refused = answer.status === 503 && answer.headers["Retry-After"] !== undefined;
  turnedAway.add(refused);
  if (!refused && scope === "shop") letInMs.add(answer.timings.duration);
  answersBroken.add(answer.status === 0 || (answer.status >= 500 && !refused));
  return answer;
}

/**
 * What an answer says.
 * @returns {any}
 */
export function told(answer, at) {
  return answer.json(at);
}
