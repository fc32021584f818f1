// The second printer in Node, on Dawn (npm webgpu) over SwiftShader: whole models against ONNX Runtime, small kernels against what
// they must give. VK_ICD_FILENAMES names another Vulkan driver.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import process from "node:process";
import { after, before, test } from "node:test";

import { openDevice, openProgram } from "../support/webgpu.mjs";
import { compileForWebgpu, inputBytes, judge, WEBGPU_MODELS } from "../support/webgpu_models.mjs";

const DRIVER = "/usr/lib/chromium/vk_swiftshader_icd.json"; // of Debian's chromium
process.env.VK_ICD_FILENAMES ??= DRIVER;
assert.ok(existsSync(process.env.VK_ICD_FILENAMES), `there is no Vulkan driver at ${process.env.VK_ICD_FILENAMES}: run tools/setup webgpu`);
const { create, globals } = await import("webgpu");
Object.assign(globalThis, globals);

// Dawn's instances must outlive their devices: nothing else keeps them from being collected.
const vulkan = create(["backend=vulkan"]);
const nothing = create(["backend=null"]);
let device, name;
before(async () => {
  ({ device, name } = await openDevice(vulkan));
});
after(() => {
  device?.destroy();
  globalThis.instances = [vulkan, nothing];
});

test("the adapter computes", (t) => t.diagnostic(name));

test("an adapter that computes nothing is refused", async () => {
  await assert.rejects(openDevice(nothing), /does not compute|no WebGPU adapter/);
});

test("what the device complains about is thrown", async () => {
  const program = { memory: 64, inputs: [], outputs: [], weights: [], kernels: [{ entry: "kernel0", params: 2 }], entries: { prepare: [], run: [] } };
  await assert.rejects(openProgram(device, { wgsl: "fn kernel0() { let x: i32 = 1.5; }", program, weights: new Uint8Array(0) }), /cannot convert value/);
});

for (const model of WEBGPU_MODELS)
  test(`${model} agrees with ONNX Runtime`, async (t) => {
    const opened = await openProgram(device, compileForWebgpu(model, "webgpu-node"));
    const inputs = inputBytes(model);
    const first = await opened.run(inputs);
    const { wrong, worst } = judge(model, first);
    t.diagnostic(`largest error ${worst.toExponential(1)}`);
    assert.deepEqual(wrong, []);
    if (model === "ppocr-cls") assert.deepEqual(await opened.run(inputs), first, "a second run differs");
  });
