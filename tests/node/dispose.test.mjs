// Loading, running and disposing of a real model, again and again, leaves the memory flat.
import assert from "node:assert/strict";
import path from "node:path";
import process from "node:process";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import v8 from "node:v8";
import vm from "node:vm";

import { compile } from "../../bench/compile.mjs";
import { buildRuntime, ROOT, RUNTIME } from "../support/runtime.mjs";

const CYCLES = 200, MODEL = "ppocr-cls", SHAPE = [1, 3, 48, 192];

test(`${CYCLES} cycles`, async () => {
  buildRuntime();
  const { load } = await import(pathToFileURL(path.join(RUNTIME, "weft.js")).href);
  const folder = path.join(ROOT, "build/models", MODEL);
  const bundle = path.join(folder, `dispose-node${process.versions.node.split(".")[0]}`);
  compile(path.join(folder, "model.onnx"), bundle, { shapes: { x: SHAPE } });
  const x = new Float32Array(SHAPE.reduce((a, b) => a * b));
  v8.setFlagsFromString("--expose-gc");
  const collect = vm.runInNewContext("gc");
  let held = 0;
  const cycles = async (count) => {
    for (let i = 0; i < count; ++i) {
      const model = await load(pathToFileURL(bundle + path.sep));
      await model.run({ x });
      held = model.info.memoryBytes;
      model.dispose();
      if (i % 10 === 9) {
        await new Promise((resolve) => setTimeout(resolve));
        collect();
      }
    }
    return process.memoryUsage().rss;
  };
  const early = await cycles(20), late = await cycles(CYCLES);
  const mb = (bytes) => `${(bytes / 1e6).toFixed(0)} MB`;
  assert.ok(late - early < (CYCLES * held) / 4, `${mb(early)} after 20 cycles, ${mb(late)} after ${CYCLES} more, of ${mb(held)} each`);
});
