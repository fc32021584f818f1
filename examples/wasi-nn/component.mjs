// node examples/wasi-nn/component.mjs read|classify [PICTURE], or speak [COUNT 0 ID...]: makes PROGRAM.component.wasm of the program as a component and of its model as another
// (weft compile --emit component), and runs it in Node by jco, which knows nothing of wasi-nn. (make build package component-host)
import { execFileSync } from "node:child_process";
import { copyFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";

import { compiler } from "../../bench/compile.mjs";
import { ROOT } from "../../bench/sizes.mjs";
import { componentize, compose, runCommand, transpile } from "../../tests/wasi-nn/component.mjs";
import { build, guestOf, MODELS, SAMPLE, toPpm } from "./build.mjs";
import { PROGRAMS } from "./programs.mjs";

const [program, ...given] = process.argv.slice(2);
if (!Object.hasOwn(PROGRAMS, program ?? "")) throw new Error(`which program? There are ${Object.keys(PROGRAMS).join(", ")}`);
const folder = path.join(ROOT, "build/wasi-nn-example"), file = (name) => path.join(folder, name);
const { model, args } = PROGRAMS[program], takesPicture = program !== "speak";
build(folder, [program]);
if (takesPicture) writeFileSync(file("picture.ppm"), await toPpm(given[0] ?? SAMPLE));

// The name that load_by_name finds is that of the model's file.
const [onnx, options] = MODELS[model]();
const made = file(`${model}-component`), named = file(`${model}.onnx`);
copyFileSync(onnx, named);
execFileSync(compiler(), ["compile", named, "--emit", "component", "-o", made, ...options], { stdio: ["ignore", "ignore", "inherit"] });

const component = compose(componentize(...guestOf(folder, program)), readFileSync(path.join(made, "model.component.wasm")));
writeFileSync(file(`${program}.component.wasm`), component);

const translated = file(`${program}-translated`);
rmSync(translated, { recursive: true, force: true });
await transpile(component, translated);
const data = Object.fromEntries(args.filter((name) => name.startsWith("/data/")).map((name) => [path.basename(name), new Uint8Array(readFileSync(file(path.basename(name))))]));
const write = (text) => process.stdout.write(text);
const { code } = await runCommand(translated, { args: [program, ...(takesPicture || given.length === 0 ? args : given)], files: { "/data": data }, write });
process.exitCode = code;
