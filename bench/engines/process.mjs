// The program of Node, Deno and Bun: `process.mjs TASK`, the task as JSON; prints JSON.
import process from "node:process";
import { pathToFileURL } from "node:url";

import { measure } from "./core.mjs";

const task = JSON.parse(process.argv[2]);
const { load } = await import(pathToFileURL(`${task.bundle}/model.js`));
console.log(JSON.stringify(await measure(load, { ...task, now: () => performance.now() })));
