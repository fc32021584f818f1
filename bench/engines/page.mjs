// main.mjs of a page: see bench/browser.mjs.
import { measure } from "./core.mjs";

export default async function (task) {
  const { load } = await import("./bundle/model.js");
  return measure(load, { ...task, now: () => performance.now() });
}
