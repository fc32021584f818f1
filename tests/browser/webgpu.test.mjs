// The second printer in a page of headless Chromium, on SwiftShader: whole models against ONNX Runtime.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";

import { launchChromium } from "../support/chromium.mjs";
import { ROOT } from "../support/runtime.mjs";
import { serve } from "../support/serve.mjs";
import { compileForWebgpu, inputBytes, judge, WEBGPU_MODELS } from "../support/webgpu_models.mjs";

// Bytes travel as base64 in the answers: the outputs are small.
const PAGE_SCRIPT = `
import { openDevice, openProgram } from "./webgpu.mjs";
const bytes = async (url) => new Uint8Array(await (await fetch(url)).arrayBuffer());
const base64 = (buffer) => { let text = ""; for (const byte of new Uint8Array(buffer)) text += String.fromCharCode(byte); return btoa(text); };
self.runModel = async (folder, inputs) => {
  const { device, name } = await openDevice(navigator.gpu);
  const parts = { wgsl: await (await fetch(folder + "model.wgsl")).text(), program: await (await fetch(folder + "model.webgpu.json")).json(), weights: await bytes(folder + "model.weights") };
  const model = await openProgram(device, parts);
  const feeds = {};
  for (const [name, url] of Object.entries(inputs)) feeds[name] = await bytes(url);
  const outputs = await model.run(feeds);
  device.destroy();
  return { name, outputs: Object.fromEntries(Object.entries(outputs).map(([name, buffer]) => [name, base64(buffer)])) };
};
self.ready = true;
`;

let browser, server, page;
before(async () => {
  const files = {
    "index.html": '<!doctype html><meta charset="utf-8"><title>weft</title><script type="module" src="page.js"></script>',
    "page.js": PAGE_SCRIPT,
    "webgpu.mjs": readFileSync(path.join(ROOT, "tests/support/webgpu.mjs")),
  };
  for (const model of WEBGPU_MODELS) {
    const { wgsl, program, weights } = compileForWebgpu(model, "webgpu-chromium");
    Object.assign(files, { [`${model}/model.wgsl`]: wgsl, [`${model}/model.webgpu.json`]: JSON.stringify(program), [`${model}/model.weights`]: weights });
    Object.values(inputBytes(model)).forEach((bytes, i) => (files[`${model}/input${i}.bin`] = bytes));
  }
  server = await serve(files);
  browser = await launchChromium({ webgpu: true });
  page = await browser.newPage();
  await page.goto(server.url + "index.html");
  await page.waitForFunction(() => self.ready);
});
after(async () => {
  await browser?.close();
  server?.close();
});

for (const model of WEBGPU_MODELS)
  test(`${model} agrees with ONNX Runtime`, async (t) => {
    const inputs = Object.fromEntries(Object.keys(inputBytes(model)).map((name, i) => [name, `${model}/input${i}.bin`]));
    const { name, outputs } = await page.evaluate(([folder, inputs]) => self.runModel(folder, inputs), [`${model}/`, inputs]);
    t.diagnostic(name);
    const { wrong, worst } = judge(model, Object.fromEntries(Object.entries(outputs).map(([name, text]) => [name, Buffer.from(text, "base64")])));
    t.diagnostic(`largest error ${worst.toExponential(1)}`);
    assert.deepEqual(wrong, []);
  });
