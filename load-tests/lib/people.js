// Customers: made before the load begins, signed in by whoever plays them, signed in again before a token ends.

import exec from "k6/execution";
import { fail } from "k6";

import { CUSTOMERS } from "./config.js";
import { ask, told } from "./http.js";

const PASSWORD = "correct horse battery";
const MARGIN_MS = 60_000;

/** Makes the accounts of this run; their addresses are all that the others need to know. */
export function register() {
  const run = `${Date.now().toString(36)}${Math.floor(Math.random() * 1e6).toString(36)}`;
  const emails = [];
  for (let nth = 0; nth < CUSTOMERS; nth += 1) {
    const email = `k6-${run}-${nth}@customers.example`;
    const body = { email, password: PASSWORD, name: `Shopper ${nth}` };
    const answer = ask("POST", "/v1/auth/register", { body, scope: "setup" });
    if (answer.status !== 201) fail(`nobody can register: ${answer.status} ${answer.body}`);
    emails.push(email);
  }
  return emails;
}

let session = null;

/** The token of the customer whom this virtual user plays; none while too many want to sign in. */
export function token(emails) {
  if (session === null || Date.now() > session.until) {
    const email = emails[exec.vu.idInTest % emails.length];
    const answer = ask("POST", "/v1/auth/login", { body: { email, password: PASSWORD }, scope: "setup" });
    if (answer.status === 401) fail(`${email} is not known`);
    if (answer.status !== 200) return null;
    session = { token: told(answer, "access_token"), until: Date.now() + told(answer, "expires_in_s") * 1000 - MARGIN_MS };
  }
  return session.token;
}
