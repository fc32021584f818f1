// examples/wasi-nn: programs for WASI run under node:wasi, in a worker of a page in headless Chromium, under `weft wasi`, and as components with their models in them.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";

import ort from "onnxruntime-node";
import sharp from "sharp";

import { compile, compiler } from "../../bench/compile.mjs";
import { guestOf, MODELS } from "../../examples/wasi-nn/build.mjs";
import { PROGRAMS } from "../../examples/wasi-nn/programs.mjs";
import { launchChromium } from "../support/chromium.mjs";
import { expectedTokens } from "../support/decoder.mjs";
import { ROOT } from "../support/runtime.mjs";
import { serve } from "../support/serve.mjs";
import { filesOf } from "../support/site.mjs";
import { modelOf } from "../support/symbolic_models.mjs";
import * as component from "../wasi-nn/component.mjs";
import { unavailable } from "../wasi-nn/hosts/native.mjs";
import { PACKAGE } from "../wasi-nn/hosts/package.mjs";

const example = path.join(ROOT, "examples/wasi-nn"), folder = path.join(ROOT, "build/wasi-nn-example");
const node = (...args) => spawnSync(process.execPath, ["--no-warnings", ...args], { cwd: ROOT, encoding: "utf8" });
const run = (...args) => node(path.join(example, "run.mjs"), ...args);

/** What each program prints: the first two of the line that the sample shows, the third what ONNX Runtime says. */
const UPRIGHT = /^ 9\d\.\d\d %  upright\n +\d\.\d\d %  upside down\n$/;
const expected = { read: /^First light, 23 lines of ?text\nconfidence 0\.9\d\n$/, classify: UPRIGHT };
before(async () => {
  const session = await ort.InferenceSession.create(modelOf("decoder"), { logSeverityLevel: 3 });
  const [count, , ...prompt] = PROGRAMS.speak.args;
  expected.speak = new RegExp(`^${(await expectedTokens(session, prompt.map(BigInt), Number(count))).join(" ")} \n$`);
});

for (const program of Object.keys(PROGRAMS))
  test(`${program}: node:wasi, and weft wasi with the same output`, () => {
    const { status, stdout, stderr } = run(program);
    assert.equal(status, 0, stderr);
    assert.match(stdout, expected[program]);
    const { model, args } = PROGRAMS[program];
    if (unavailable()) return;
    const native = (...more) => spawnSync(compiler(), ["wasi", path.join(folder, `${program}.wasm`), ...args, "--dir", `${folder}::/data`, ...more], { encoding: "utf8" });
    const named = native("--nn-graph", `${model}=${path.join(folder, model)}`);
    assert.equal(named.status, 0, named.stderr);
    assert.match(named.stdout, expected[program]);
    assert.match(native().stderr, /load_by_name[^:]*: not_found/);
  });

for (const program of Object.keys(PROGRAMS))
  test(`${program}: a component with its model in it, by jco in Node and on Wasmtime, neither of which has wasi-nn`, () => {
    const { status, stdout, stderr } = node(path.join(example, "component.mjs"), program);
    assert.equal(status, 0, stderr);
    assert.match(stdout, expected[program]);
    if (unavailable()) return;
    const native = spawnSync(compiler(), ["wasi", path.join(folder, `${program}.component.wasm`), ...PROGRAMS[program].args, "--dir", `${folder}::/data`], { encoding: "utf8" });
    assert.equal(native.status, 0, native.stderr);
    assert.match(native.stdout, expected[program]);
  });

test("speak: a component on weft's JavaScript host, by the model's name and by its bytes; tokens come one by one until the cache is full", async () => {
  const [model, options] = MODELS.decoder(), bundle = path.join(folder, "decoder-open"), translated = path.join(folder, "speak-guest");
  compile(model, bundle, { more: options });
  const { wasiNN } = await import(pathToFileURL(path.join(PACKAGE, "cli/wasi_nn_wit.mjs")));
  const named = await wasiNN({ models: { decoder: pathToFileURL(path.join(bundle, "/")) } }), nameless = await wasiNN();
  rmSync(translated, { recursive: true, force: true });
  await component.transpile(component.componentize(...guestOf(folder, "speak")), translated);
  const speak = async (host, args, data = {}) => {
    const printed = [];
    const { code } = await component.runCommand(translated, { args: ["speak", ...args], imports: host.guest().imports, files: { "/data": data }, write: (text) => printed.push(text) });
    return { code, printed };
  };
  const { args } = PROGRAMS.speak;
  for (const { code, printed } of [await speak(named, args), await speak(nameless, args, { "decoder.onnx": new Uint8Array(readFileSync(model)) })]) {
    assert.match(printed.join(""), expected.speak);
    assert.equal(code, 0);
    assert.equal(printed.length, Number(args[0]) + 1);
  }
  const full = await speak(named, ["300", "0", "1"]);
  assert.equal(full.code, 1);
  assert.match(full.printed.join(""), /^(\d+ ){193}speak: compute: input 1 "past_key_values\.0\.key" is f32.*and the tensor f32\[1, 4, 193, 32\]/);
});

test("what is drawn is drawn alike; pictures that are none, and one that is upside down", async () => {
  const [once, again] = [run("speak", "30", "1.5", "11", "407"), run("speak", "30", "1.5", "11", "407")];
  assert.equal(once.status, 0, once.stderr);
  assert.equal(once.stdout, again.stdout);
  if (!unavailable())
    assert.equal(spawnSync(compiler(), ["wasi", path.join(folder, "speak.wasm"), "30", "1.5", "11", "407", "--nn-graph", `decoder=${path.join(folder, "decoder")}`], { encoding: "utf8" }).stdout, once.stdout);
  assert.match(run("speak", "300", "0", "1").stderr, /the model has no room for more tokens/);
  assert.notEqual(run("read", path.join(example, "read.c")).status, 0);
  const turned = path.join(folder, "turned.png");
  writeFileSync(turned, await sharp(path.join(ROOT, "examples/ocr/line.png")).rotate(180).png().toBuffer());
  assert.match(run("classify", turned).stdout, /^ *\d+\.\d\d %  upside down\n/);
});

let server, browser;
before(async () => {
  const { status, stderr } = node(path.join(example, "build_page.mjs"));
  assert.equal(status, 0, stderr);
  server = await serve(filesOf(path.join(ROOT, "build/pages/wasi-nn")), { "content-security-policy": "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; img-src 'self' blob: data:" });
  browser = await launchChromium();
});
after(async () => {
  await browser?.close();
  server?.close();
});

test("a page", async () => {
  const page = await browser.newPage();
  page.setDefaultTimeout(60_000);
  await page.goto(`${server.url}index.html`);
  const ended = (text) => page.waitForFunction((text) => document.getElementById("status").textContent === text, text);
  await ended("Ready.");
  await page.click("#sample");
  await ended("The program ended with 0.");
  assert.match(await page.innerText("#output"), /^First light, 23 lines of ?text\nconfidence 0\.9/);
  // The program runs again, on a picture of one's own.
  await page.evaluate(() => (document.getElementById("status").textContent = ""));
  await page.setInputFiles("#file", path.join(ROOT, "examples/ocr/line.png"));
  await ended("The program ended with 0.");
  await page.setInputFiles("#file", { name: "no.png", mimeType: "image/png", buffer: Buffer.from("no picture") });
  await ended("This is no picture that the browser can decode.");
  const programOf = async (name) => {
    await page.selectOption("#program", name);
    await page.evaluate(() => (document.getElementById("status").textContent = ""));
  };
  await programOf("classify");
  await page.click("#sample");
  await ended("The program ended with 0.");
  assert.match(await page.innerText("#output"), /^ 9\d\.\d\d %  upright\n/);
  await programOf("speak");
  // More than one change of the text: tokens are shown as they come.
  await page.evaluate(() => {
    window.changes = 0;
    new MutationObserver((list) => (window.changes += list.length)).observe(document.getElementById("output"), { childList: true });
  });
  await page.click("#speak button");
  await ended("The program ended with 0.");
  assert.match(`${(await page.textContent("#output")).trimEnd()} \n`, expected.speak);
  assert.ok(await page.evaluate(() => window.changes > 10));
});
