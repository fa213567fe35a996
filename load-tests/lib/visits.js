// What a visitor does. Every visit is an iteration; how many begin in a second is the scenario's business.

import { check } from "k6";
import { Counter, Rate, Trend } from "k6/metrics";

import { ask, told } from "./http.js";
import { token } from "./people.js";

/** Orders that met no decision but a failure of ours. */
export const ordersBroken = new Rate("orders_broken");
const decided = new Trend("order_answered_ms", true);
const outcomes = new Counter("orders");

const wishes = JSON.parse(open("../data/shoppers.json"));
const METRES_PER_DEGREE = 111_320;

/** One visit of one customer. */
export function visit({ emails, stores }) {
  const mine = token(emails);
  if (mine === null) return;
  const store = any(stores);
  const does = { browse, order, fillCart, lookBack };
  does[weighted(wishes.visits).does](mine, store);
}

/** Looks at stores and a menu. */
export function browse(mine, store) {
  const stores = ask("GET", "/v1/stores?limit=20", { name: "/v1/stores", token: mine });
  const menu = ask("GET", `/v1/menu?store_id=${store.id}`, { name: "/v1/menu", token: mine });
  check(stores, { "stores are listed": letIn((answer) => answer.status === 200) });
  check(menu, { "a menu is of its store": letIn((answer) => told(answer, "store_id") === store.id) });
}

/** Orders, reads the order and, now and then, orders again with the same key, as an app does that heard nothing. */
export function order(mine, store) {
  const key = `k6-${uuid()}`;
  const body = basket(store);
  const answer = ask("POST", "/v1/orders", { token: mine, body, key });
  decided.add(answer.timings.duration);
  ordersBroken.add(answer.status === 0 || answer.status >= 500);
  outcomes.add(1, { status: String(answer.status) });
  check(answer, {
    "an order is taken, or refused with a reason": letIn(({ status }) => [201, 202, 402, 409, 422].includes(status)),
  });
  if (answer.status !== 201 && answer.status !== 202) return;
  const id = told(answer, "order_id");
  const read = ask("GET", `/v1/orders/${id}`, { name: "/v1/orders/{order_id}", token: mine });
  check(read, { "a taken order can be read": letIn((answer) => told(answer, "order_id") === id) });
  if (Math.random() < wishes.again) {
    const again = ask("POST", "/v1/orders", { token: mine, body, key });
    check(again, { "the same key is the same order": letIn((answer) => answer.status === 409 || told(answer, "order_id") === id) });
  }
}

/** Fills a cart and leaves. */
export function fillCart(mine, store) {
  const body = { store_id: store.id, lines: lines(store) };
  const answer = ask("POST", "/v1/carts", { token: mine, body, key: `k6-${uuid()}` });
  check(answer, { "a cart is kept": letIn(({ status }) => [201, 409, 422].includes(status)) });
}

/** Looks at orders of before. */
export function lookBack(mine) {
  const answer = ask("GET", "/v1/orders?limit=20", { name: "/v1/orders", token: mine });
  check(answer, { "history is a list": letIn((answer) => Array.isArray(told(answer, "orders"))) });
}

/** Holds for whoever was let in; to be turned away for a while is no broken promise. */
function letIn(holds) {
  return (answer) => answer.status === 503 || answer.status === 429 || holds(answer);
}

function basket(store) {
  const body = {
    store_id: store.id,
    fulfilment: "pickup",
    lines: lines(store),
    payment_method_id: weighted(wishes.methods).id,
    tip_minor: Math.random() < 0.3 ? 100 : 0,
  };
  if (Math.random() < wishes.pickup) return body;
  return { ...body, fulfilment: "delivery", address: door(store) };
}

function lines(store) {
  const chosen = new Set(Array.from({ length: any(wishes.lines) }, () => any(store.items)));
  return Array.from(chosen, (item_id) => ({ item_id, quantity: 1, options: [] }));
}

function door(store) {
  const away = () => ((Math.random() - 0.5) * wishes.door_m) / METRES_PER_DEGREE;
  return { lat: store.at.lat + away(), lon: store.at.lon + away(), text: `${1 + Math.floor(Math.random() * 400)} Main Street` };
}

function any(list) {
  return list[Math.floor(Math.random() * list.length)];
}

function weighted(list) {
  let left = Math.random() * list.reduce((sum, one) => sum + one.weight, 0);
  return list.find((one) => (left -= one.weight) < 0) || list[0];
}

function uuid() {
  return "xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx".replace(/x/g, () => Math.floor(Math.random() * 16).toString(16));
}
