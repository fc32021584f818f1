// The second printer in Node, on Dawn (npm webgpu) over SwiftShader: kernels against the reference evaluator, whole models against ONNX
// Runtime. VK_ICD_FILENAMES names another Vulkan driver; the tools come from $WEFT_BUILD (default: build/release).
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { after, before, test } from "node:test";

import { difference } from "../support/kernels.mjs";
import { ROOT } from "../support/runtime.mjs";
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

// Kernels of tests/targets/wgsl_kernels, and those whose shaders tests/targets/wgsl_cases shows, against the reference evaluator.
const TOOL = path.join(ROOT, process.env.WEFT_BUILD ?? "build/release", "tests/kernel_to_wgsl");
const TOLERANCE = 2e-6; // div and sqrt of WGSL are not correctly rounded
const MEMORY_START = 1024, POISON = 0xab; // as difference() expects them

function kernelFiles(scratch) {
  const folder = path.join(ROOT, "tests/targets");
  const files = readdirSync(path.join(folder, "wgsl_kernels")).map((name) => path.join(folder, "wgsl_kernels", name));
  for (const name of readdirSync(path.join(folder, "wgsl_cases")))
    readFileSync(path.join(folder, "wgsl_cases", name), "utf8").split("\n===\n").forEach((text, i) => {
      const file = path.join(scratch, `${name}-${i}`);
      writeFileSync(file, text.slice(text.indexOf("kernel "), text.indexOf("\n---\n")));
      files.push(file);
    });
  return files.sort();
}

/** '' or what differs, once the kernel ran over poisoned memory. */
async function compareKernel({ wgsl, params, task }) {
  const addresses = [];
  let top = MEMORY_START;
  for (const { before, slack } of task.buffers) {
    addresses.push(top);
    top = Math.ceil((top + before.length / 2 + slack + 64) / 16) * 16;
  }
  const u8 = new Uint8Array(top).fill(POISON, MEMORY_START);
  task.buffers.forEach(({ before }, i) => u8.set(Buffer.from(before, "hex"), addresses[i]));
  const whole = { name: "memory", address: 0, bytes: top };
  const call = { call: 0, buffers: [...addresses, ...task.symbols], blocks: task.blocks };
  const program = { memory: top, inputs: [whole], outputs: [whole], weights: [], kernels: [{ entry: "kernel0", params }], entries: { prepare: [], run: [call] } };
  const { run } = await openProgram(device, { wgsl, program, weights: new Uint8Array(0) });
  const memory = (await run({ memory: u8 })).memory;
  return difference({ view: new DataView(memory), u8: new Uint8Array(memory), addresses, top }, task, TOLERANCE);
}

test("kernels agree with the reference evaluator", async (t) => {
  const scratch = mkdtempSync(path.join(tmpdir(), "weft-wgsl-"));
  t.after(() => rmSync(scratch, { recursive: true }));
  const kernels = JSON.parse(execFileSync(TOOL, ["1", ...kernelFiles(scratch)], { encoding: "utf8", maxBuffer: 1 << 28 }));
  const refused = kernels.filter((kernel) => kernel.refused);
  t.diagnostic(`refused, as tests/targets/wgsl_cases expects: ${refused.map(({ name }) => name).join(", ")}`);
  assert.ok(kernels.length - refused.length >= 15, "too few kernels");
  const wrong = [];
  for (const kernel of kernels) {
    if (kernel.refused) continue;
    const difference = await compareKernel(kernel);
    if (difference !== "") wrong.push(`${kernel.name}: ${difference}`);
  }
  assert.deepEqual(wrong, []);
});

test("the comparison notices another constant, and what is written out of place", async () => {
  const [kernel] = JSON.parse(execFileSync(TOOL, ["1", path.join(ROOT, "tests/targets/wgsl_kernels/barriers.txt")], { encoding: "utf8" }));
  const other = (from, to) => {
    assert.ok(kernel.wgsl.includes(from), `${from} is not in the shader`);
    return compareKernel({ ...kernel, wgsl: kernel.wgsl.replace(from, to) });
  };
  assert.match(await other("0.5f", "0.25f"), /^c\[0\] is /);
  assert.match(await other("(128 * i_b + i_i + 2 * i_t) < 500", "(128 * i_b + i_i + 2 * i_t) < 501"), /after the last buffer was written/);
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
