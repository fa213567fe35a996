// What there is: the stores and their menus, read once before the load begins.

import { fail } from "k6";

import { ask, told } from "./http.js";

/** Stores that are open, each with what can be ordered there. */
export function look(token) {
  const answer = ask("GET", "/v1/stores?limit=100", { name: "/v1/stores", token, scope: "setup" });
  if (answer.status !== 200) fail(`no stores: ${answer.status} ${answer.body}`);
  const open = told(answer, "stores").filter((store) => store.open);
  const stores = open.map((store) => ({ id: store.store_id, at: store.location, items: menu(store, token) }));
  const selling = stores.filter((store) => store.items.length > 0);
  if (selling.length === 0) fail("no store sells anything: is the city seeded?");
  return selling;
}

function menu(store, token) {
  const path = `/v1/menu?store_id=${store.store_id}`;
  const answer = ask("GET", path, { name: "/v1/menu", token, scope: "setup" });
  if (answer.status !== 200) return [];
  const items = told(answer, "categories").flatMap((category) => category.items);
  return items.filter((item) => item.saleable).map((item) => item.item_id);
}
