// node examples/wasi-nn/read.mjs [PICTURE]: runs the program on the package's host (make package), under node:wasi.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { WASI } from "node:wasi";

import { ROOT } from "../../bench/sizes.mjs";
import { PACKAGE } from "../../tests/wasi-nn/hosts/package.mjs";
import { build, SAMPLE, toPpm } from "./build.mjs";

if (!existsSync(path.join(PACKAGE, "cli/wasi_nn.mjs"))) throw new Error("there is no package: run make package");
const folder = path.join(ROOT, "build/wasi-nn-example");
build(folder);
writeFileSync(path.join(folder, "picture.ppm"), await toPpm(process.argv[2] ?? SAMPLE));

// From here on it is what a user of the package writes: import { wasiNN } from "weft/wasi-nn".
const { wasiNN } = await import(pathToFileURL(path.join(PACKAGE, "cli/wasi_nn.mjs")));
const log = [];
const nn = await wasiNN({ models: { reader: pathToFileURL(path.join(folder, "reader/")) }, compiler: false, log: (line) => log.push(line) });
const wasi = new WASI({ version: "preview1", args: ["read", "/data/picture.ppm", "/data/characters.txt"], preopens: { "/data": folder }, returnOnExit: true });
const { instance } = await WebAssembly.instantiate(readFileSync(path.join(folder, "read.wasm")), { ...wasi.getImportObject(), ...nn.imports });
nn.bind(instance);
process.exitCode = wasi.start(instance);
if (process.exitCode !== 0) console.error(log.join("\n"));
