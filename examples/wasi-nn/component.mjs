// node examples/wasi-nn/component.mjs read|classify [PICTURE]: makes PROGRAM.component.wasm of the program, the adapter from wasi_ephemeral_nn to wasi:nn and its model as
// a component (weft compile --emit component), and runs it in Node by jco, which knows nothing of wasi-nn. (make build package component-host)
import { execFileSync } from "node:child_process";
import { copyFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";

import { compiler } from "../../bench/compile.mjs";
import { ROOT } from "../../bench/sizes.mjs";
import { ADAPTER } from "../../tests/wasi-nn/build.mjs";
import { componentize, compose, runCommand, transpile } from "../../tests/wasi-nn/component.mjs";
import { build, MODELS, SAMPLE, toPpm } from "./build.mjs";
import { PROGRAMS } from "./programs.mjs";

const [program, picture] = process.argv.slice(2);
const programs = Object.keys(PROGRAMS).filter((name) => name !== "speak");
if (!programs.includes(program)) throw new Error(`which program? There are ${programs.join(", ")}`);
const folder = path.join(ROOT, "build/wasi-nn-example"), file = (name) => path.join(folder, name);
build(folder, [program]);
writeFileSync(file("picture.ppm"), await toPpm(picture ?? SAMPLE));
const { model, args } = PROGRAMS[program];

// The name that load_by_name finds is that of the model's file.
const [onnx, { shapes }] = MODELS[model]();
const made = file(`${model}-component`), named = file(`${model}.onnx`);
copyFileSync(onnx, named);
execFileSync(compiler(), ["compile", named, "--emit", "component", "-o", made, ...Object.entries(shapes).flatMap(([name, shape]) => ["--shape", `${name}=${shape.join("x")}`])],
  { stdio: ["ignore", "ignore", "inherit"] });

const guest = componentize(readFileSync(file(`${program}.wasm`)), { world: undefined, more: { wasi_ephemeral_nn: readFileSync(ADAPTER) } });
const component = compose(guest, readFileSync(path.join(made, "model.component.wasm")));
writeFileSync(file(`${program}.component.wasm`), component);

const translated = file(`${program}-translated`);
rmSync(translated, { recursive: true, force: true });
await transpile(component, translated);
const data = Object.fromEntries(args.map((name) => [path.basename(name), new Uint8Array(readFileSync(file(path.basename(name))))]));
const { code, output } = await runCommand(translated, { args: [program, ...args], files: { "/data": data } });
process.stdout.write(output);
process.exitCode = code;
