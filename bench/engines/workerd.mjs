// The worker of workerd, where WebAssembly comes as modules that were compiled before and clocks stand still while code runs: what a run takes
// is seen from outside, POST {runs} -> {}.
import { measure } from "./core.mjs";
import manifest from "./model.json";
import scalar from "./model.scalar.wasm";
import simd128 from "./model.wasm";
import relaxed from "./model.relaxed.wasm";
import weights from "./model.weights";
import { load } from "./weft.js";

const files = { "model.scalar.wasm": scalar, "model.wasm": simd128, "model.relaxed.wasm": relaxed, "model.weights": weights };
const open = (options) => load({ manifest, files }, options);
let model;
export default {
  async fetch(request) {
    const task = await request.json();
    if (task.variants) return Response.json(await measure(open, { ...task, now: undefined }));
    model ??= await open({});
    const feeds = Object.fromEntries(model.info.inputs.map(({ name, shape }) => [name, new Float32Array(shape.reduce((a, b) => a * b, 1))]));
    for (let i = 0; i < task.runs; ++i) await model.run(feeds);
    return Response.json({});
  },
};
