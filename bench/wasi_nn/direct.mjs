// direct.mjs BUNDLE INPUT: the twin of guest.c, which runs the model by the web runtime, in Node.
import { readFileSync } from "node:fs";
import process from "node:process";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

import { load } from "../../build/runtime/weft.js";

const [bundle, input] = process.argv.slice(2);
const model = await load(pathToFileURL(`${bundle}/`));
const { buffer, byteOffset, length } = readFileSync(input);
const inputs = { [model.info.inputs[0].name]: new Float32Array(buffer.slice(byteOffset, byteOffset + length)) };
console.log("ready");
for await (const line of createInterface({ input: process.stdin })) {
  const times = [];
  for (let i = Number(line); i > 0; --i) {
    const from = process.hrtime.bigint();
    await model.run(inputs);
    times.push(process.hrtime.bigint() - from);
  }
  console.log(times.join(" "));
}
