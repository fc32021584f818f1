// `weft verify`: runs each variant of a bundle on the same inputs and leaves what went in and came out, as bytes, beside the task.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { RunError } from "./errors.mjs";
import { elementsOf, readInputs } from "./tensors.mjs";

/** Of strings, JSON. */
const bytesOf = (data) => (Array.isArray(data) ? JSON.stringify(data) : new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
const port = ({ name, dtype, shape }) => ({ name, dtype, shape });

/** `here`: the task's folder; `open(variant)` loads; `arrayOf(info, bytes)` is the runtime's array of an input. */
export async function verify({ inputs, rawInputs, variants }, here, supported, open, arrayOf) {
  const file = (name) => fileURLToPath(new URL(name, here));
  const ran = [], skipped = [];
  let feed, infos;
  for (const variant of variants) {
    if (!supported.includes(variant)) {
      skipped.push({ name: variant, reason: "this engine cannot run it" });
      continue;
    }
    const model = await open(variant);
    infos ??= { inputs: model.info.inputs.map(port), outputs: model.info.outputs.map(port) };
    const raw = (info, i) => ({ data: arrayOf(info, readFileSync(file(`input.${i}.bin`))), shape: info.shape });
    feed ??= rawInputs ? Object.fromEntries(model.info.inputs.map((info, i) => [info.name, raw(info, i)])) : readInputs(model.info.inputs, inputs);
    const outputs = await model.run(feed);
    infos.inputs.forEach((info) => (info.shape = feed[info.name].shape ?? info.shape));
    infos.outputs.forEach((info) => (info.shape = outputs[info.name].shape));
    infos.outputs.forEach(({ name }, i) => writeFileSync(file(`${variant}.${i}.bin`), bytesOf(outputs[name])));
    model.dispose();
    ran.push(variant);
  }
  if (ran.length === 0) throw new RunError("engine", `this engine runs none of the variants ${variants.join(", ")}`);
  infos.inputs.forEach(({ name }, i) => writeFileSync(file(`input.${i}.bin`), bytesOf(elementsOf(feed[name]))));
  writeFileSync(file("verify.json"), JSON.stringify({ ...infos, ran, skipped }));
}
