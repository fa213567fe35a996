// Where the shop is and how hard it is pressed; every value can be said with -e.

export const BASE = (__ENV.BASE_URL || "http://127.0.0.1:8080").replace(/\/$/, "");
/** Visits per second that the shop should bear; scenarios are multiples of it. */
export const RATE = Number(__ENV.RATE || 10);
/** So many people share the visits: the gateway lets one of them ask 100 times and order 10 times a minute. */
export const CUSTOMERS = Number(__ENV.CUSTOMERS || Math.max(10, Math.ceil(RATE * 3)));
/** Shortens every stage alike: -e HASTE=10 plays an hour in six minutes. */
export const HASTE = Number(__ENV.HASTE || 1);
/** On a machine that has other work, so many times as slow is still good; 1 is the promise. */
export const PATIENCE = Number(__ENV.PATIENCE || 1);
/** Where results are written, relative to where k6 was started. */
export const RESULTS = __ENV.RESULTS || "target/load";

/** A duration for k6, shortened by HASTE, never below a second. */
export function lasting(seconds) {
  return `${Math.max(1, Math.round(seconds / HASTE))}s`;
}
