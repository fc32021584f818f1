// The program of JavaScriptCore's shell, which is an engine without any of the web: `jsc -m jsc.mjs -- TASK`. The shims are what the runtime
// uses of a page on its way from bytes to a model.
/* global readFile, preciseTime, print */
globalThis.AbortController ??= class {
  signal = { aborted: false, throwIfAborted() {}, addEventListener() {}, removeEventListener() {} };
  abort() {}
};
globalThis.URL ??= class {};
globalThis.TextDecoder ??= class {
  decode(bytes) {
    return decodeURIComponent(Array.from(new Uint8Array(bytes.buffer ?? bytes, bytes.byteOffset ?? 0, bytes.byteLength), (b) => "%" + b.toString(16).padStart(2, "0")).join(""));
  }
};
const task = JSON.parse(globalThis.arguments[0]);
const [{ load }, { measure }] = [await import(task.runtime), await import("./core.mjs")];
const manifest = JSON.parse(readFile(`${task.bundle}/model.json`));
const files = Object.fromEntries(["model.weights", ...manifest.variants.map(({ file }) => file)].map((name) => [name, readFile(`${task.bundle}/${name}`, "binary")]));
print(JSON.stringify(await measure((options) => load({ manifest, files }, options), { ...task, now: () => preciseTime() * 1000 })));
