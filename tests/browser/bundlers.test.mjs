// Plain projects that import a bundle, built by Vite, webpack, Rollup and esbuild as README says, and opened in headless Chromium.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";

import { compiler } from "../../bench/compile.mjs";
import { launchChromium } from "../support/chromium.mjs";
import { ROOT } from "../support/runtime.mjs";
import { serve } from "../support/serve.mjs";

const work = path.join(ROOT, "build/bundlers");
const MODELS = {
  "ppocr-cls": { input: "x", shape: [1, 3, 48, 192] }, // weights as a file
  tiny: { input: "x", shape: [1, 4] }, // everything small enough to be inlined
};
const TINY = `
import numpy as np, onnx
from onnx import helper as h, TensorProto as T, numpy_helper as n
io = lambda name: h.make_tensor_value_info(name, T.FLOAT, [1, 4])
g = h.make_graph([h.make_node("Add", ["x", "w"], ["a"]), h.make_node("Relu", ["a"], ["y"])], "g", [io("x")], [io("y")], [n.from_array(np.arange(4, dtype=np.float32) - 1, "w")])
onnx.save(h.make_model(g, opset_imports=[h.make_opsetid("", 17)]), "tiny.onnx")
`;
const main = ({ input, shape }) => `
import { load } from "./model/model.js";
async function start() {
  const model = await load({ variant: "simd128" });
  const data = new Float32Array(${shape.join(" * ")}).map((_, i) => Math.sin(i));
  const remote = await load({ variant: "simd128", worker: true });
  const outputs = [await model.run({ ${input}: data }), await remote.run({ ${input}: data })];
  remote.dispose();
  window.result = outputs.map((each) => Object.values(each).map((y) => Array.from(y)));
}
start().catch((error) => (window.result = String(error)));
`;
const HTML = (script) => `<!doctype html><meta charset="utf-8"><title>app</title><script type="module" src="${script}"></script>\n`;
const UNDER = "some/where/";

let browser;
const expected = {};
before(async () => {
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  execFileSync(path.join(ROOT, ".venv/bin/python"), ["-c", TINY], { cwd: work });
  for (const [name, model] of Object.entries(MODELS)) {
    const project = path.join(work, name);
    mkdirSync(project);
    const file = name === "tiny" ? path.join(work, "tiny.onnx") : path.join(ROOT, "build/models", name, "model.onnx");
    const { status, stderr } = spawnSync(compiler(), ["compile", file, "-o", path.join(project, "model"), "--shape", `${model.input}=${model.shape.join("x")}`], { encoding: "utf8" });
    assert.equal(status, 0, stderr);
    writeFileSync(path.join(project, "main.js"), main(model));
    writeFileSync(path.join(project, "index.html"), HTML("./main.js"));
    const { load } = await import(pathToFileURL(path.join(project, "model/model.js")));
    const loaded = await load({ variant: "simd128" });
    const count = model.shape.reduce((a, b) => a * b);
    expected[name] = Object.values(await loaded.run({ [model.input]: new Float32Array(count).map((_, i) => Math.sin(i)) })).map((y) => Array.from(y));
  }
  browser = await launchChromium();
});
after(() => browser?.close());

async function opens(name, url) {
  const page = await browser.newPage();
  const problems = [];
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("requestfailed", (request) => problems.push(request.url()));
  page.on("response", (response) => response.status() >= 400 && problems.push(`${response.status()} ${response.url()}`));
  try {
    await page.goto(url);
    await page.waitForFunction(() => self.result, null, { timeout: 30_000 }).catch(() => assert.fail(`no result: ${problems.join("; ")}`));
    assert.deepEqual(await page.evaluate(() => self.result), [expected[name], expected[name]]);
  } finally {
    await page.close();
  }
}

const filesOf = (folder, prefix) =>
  Object.fromEntries(readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => {
    const file = path.join(entry.parentPath ?? entry.path, entry.name);
    return [prefix + path.relative(folder, file).split(path.sep).join("/"), readFileSync(file)];
  }));

/** What was built, served from a folder below the root, gives the result. */
async function works(name, dist) {
  const server = await serve(filesOf(dist, UNDER));
  try {
    await opens(name, `${server.url}${UNDER}index.html`);
  } finally {
    server.close();
  }
}

// Each builds work/NAME into work/NAME/dist-TOOL, with the tool's defaults for production.
const BUILDS = {
  async vite(project, dist) {
    const { build } = await import("vite");
    await build({ root: project, base: `/${UNDER}`, logLevel: "error", configFile: false, build: { outDir: dist } });
  },
  async webpack(project, dist) {
    const { default: webpack } = await import("webpack");
    const stats = await new Promise((resolve, reject) =>
      webpack({ mode: "production", context: project, entry: "./main.js", output: { path: dist } }, (error, result) => (error ? reject(error) : resolve(result))));
    assert.ok(!stats.hasErrors(), stats.toString());
    writeFileSync(path.join(dist, "index.html"), HTML("./main.js"));
  },
  async rollup(project, dist) {
    const { rollup } = await import("rollup");
    const { importMetaAssets } = await import("@web/rollup-plugin-import-meta-assets");
    const bundle = await rollup({ input: path.join(project, "main.js"), plugins: [importMetaAssets()] });
    await bundle.write({ dir: dist, format: "es" });
    await bundle.close();
    writeFileSync(path.join(dist, "index.html"), HTML("./main.js"));
  },
  async esbuild(project, dist) {
    const { build } = await import("esbuild");
    await build({ entryPoints: [path.join(project, "main.js")], bundle: true, minify: true, format: "esm", outdir: dist, logLevel: "error" });
    for (const name of readdirSync(path.join(project, "model"))) // as README says: beside the output
      if (/\.(wasm|weights|worker\.js)$/.test(name)) cpSync(path.join(project, "model", name), path.join(dist, name));
    writeFileSync(path.join(dist, "index.html"), HTML("./main.js"));
  },
};

for (const [tool, build] of Object.entries(BUILDS))
  for (const name of Object.keys(MODELS))
    test(`${tool}: ${name}`, async () => {
      const project = path.join(work, name), dist = path.join(project, `dist-${tool}`);
      await build(project, dist);
      await works(name, dist);
    });

test("vite's development server", async () => {
  const { createServer } = await import("vite");
  const server = await createServer({ root: path.join(work, "ppocr-cls"), configFile: false, logLevel: "error", server: { port: 0, host: "127.0.0.1" } });
  await server.listen();
  try {
    await opens("ppocr-cls", server.resolvedUrls.local[0]);
  } finally {
    await server.close();
  }
});

test("TypeScript knows the model's inputs and outputs", () => {
  const check = (body) => {
    const file = path.join(work, "tiny/check.ts");
    writeFileSync(file, `import { load, describe, InputError } from "./model/model.js";\nexport async function f(): Promise<Float32Array> {\n${body}\n}\nexport const e = InputError;\n`);
    const { status, stdout } = spawnSync(path.join(ROOT, "node_modules/.bin/tsc"), ["--noEmit", "--strict", "--target", "es2022", "--module", "esnext", "--moduleResolution", "bundler", "--lib", "es2022,dom", "--types", "", file], { encoding: "utf8", cwd: work });
    return { status, stdout };
  };
  const good = check("const model = await load({ retries: 1 });\nconst { memoryBytes } = await describe();\nconst { y } = await model.run({ x: new Float32Array(memoryBytes > 0 ? 4 : 0) });\nreturn y;");
  assert.equal(good.status, 0, good.stdout);
  for (const [body, message] of [
    ["return (await (await load()).run({ z: new Float32Array(4) })).y;", /'z' does not exist in type 'Inputs'/],
    ["return (await (await load()).run({ x: new Int32Array(4) })).y;", /'Int32Array.*not assignable to type 'TensorLike<Float32Array/],
    ["return (await (await load()).run({})).y;", /is missing in type '{}' but required in type 'Inputs'/],
    ["return (await (await load()).run({ x: new Float32Array(4) })).z;", /Property 'z' does not exist on type 'Outputs'/],
  ]) {
    const bad = check(body);
    assert.notEqual(bad.status, 0, body);
    assert.match(bad.stdout, message);
    assert.equal(bad.stdout.match(/error TS/g).length, 1, bad.stdout);
  }
});
