// Objects of models (weft compile --emit object) in C programs that are generated from their headers: what they compute, for tests beside bundles.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { linkProgram, runProgram } from "./link.mjs";

const BYTES = { f64: 8, f32: 4, f16: 2, bf16: 2, i64: 8, i32: 4, i16: 2, i8: 1, u64: 8, u32: 4, u16: 2, u8: 1, boolean: 1 };

/** What a header declares: {name, inputs, outputs: [{symbol, dtype, shape: symbol or undefined}], dimensions, states, external, fails}. */
export function readHeader(folder, name) {
  const text = readFileSync(path.join(folder, `${name}.h`), "utf8");
  const ports = (kind) => [...text.matchAll(new RegExp(`^(?:const )?\\w+\\* (${name}_${kind}_\\w+)\\(.*\\); /\\* .*: (\\w+) \\[.*\\] \\*/\\n(?:const uint32_t\\* (\\w+)\\()?`, "gm"))]
    .map(([, symbol, dtype, shape]) => ({ symbol, dtype, shape }));
  const dimensions = text.match(new RegExp(`int32_t ${name}_resize\\(.*?, (.*)\\);`))?.[1].split(", ").map((each) => each.replace("uint32_t ", "")) ?? [];
  return { name, folder, text, inputs: ports("input"), outputs: ports("output"), dimensions, states: text.includes(`${name}_reset(`), external: text.includes(`${name}_read)`), fails: text.includes(`${name}_failure(`) };
}

const PRELUDE = `#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static void put(const char* name, const void* data, size_t bytes) {
  FILE* file = fopen(name, "wb");
  if (!file || fwrite(data, 1, bytes, file) != bytes || fclose(file)) exit(9);
}
static void get(const char* name, void* data, size_t bytes) {
  FILE* file = fopen(name, "rb");
  if (!file || fread(data, 1, bytes, file) != bytes) exit(8);
  fclose(file);
}
static int32_t read_file(void* context, void* destination, uint64_t offset, uint32_t bytes) {
  return fseek((FILE*)context, (long)offset, SEEK_SET) || fread(destination, 1, bytes, (FILE*)context) != bytes;
}
`;

/** One run: extents (in the header's order), inputs (bytes, in the header's order), whether states begin anew before it. */
function runText(header, index, instance, run, k) {
  const { name } = header, model = `${name}_${instance}`, upper = name.toUpperCase();
  const out = [];
  if (run.reset) out.push(`${name}_reset(${model});`);
  if (run.dims) out.push(`code = ${name}_resize(${model}, ${run.dims.join(", ")});`, "if (code == 0) {");
  else out.push("code = 0;", "{");
  header.inputs.forEach(({ symbol }, i) => out.push(`get("in-${index}-${k}-${i}", ${symbol}(${model}), ${run.inputs[i].length});`));
  out.push(`code = ${name}_run(${model});`, "}");
  const elements = ({ symbol, shape }, i) => (shape ? `product(${shape}(${model}), rank_${index}_${i})` : `${symbol.toUpperCase()}_ELEMENTS`);
  out.push("if (code == 0) {", ...header.outputs.map((port, i) => `put("out-${index}-${k}-${i}", ${port.symbol}(${model}), ${BYTES[port.dtype]} * (size_t)${elements(port, i)});`), "}");
  out.push(`printf("%d", (int)code);`);
  if (header.fails)
    out.push(`if (code != ${upper}_OK) { const ${name}_error* e = ${name}_failure(${model}); printf(" %s|%s|%lld|%d|%d", e->node, e->what, (long long)e->value, (int)e->least, (int)e->greatest); }`);
  out.push(`printf("\\n");`);
  return `  ${out.join("\n  ")}\n`;
}

/**
 * Links models into one program and runs it: models are {header, runs: [{dims, inputs, reset, instance}], ranks: of the outputs}. Returns, model by model and run by
 * run, {code, failure: {node, what, value, least, greatest}, outputs: [bytes]}.
 */
export function runObjects(models, { language = "c" } = {}) {
  const folder = mkdtempSync(path.join(tmpdir(), "weft-object-"));
  try {
    let text = PRELUDE + "static size_t product(const uint32_t* shape, int rank) { size_t n = 1; for (int i = 0; i < rank; ++i) n *= shape[i]; return n; }\n";
    let body = "";
    models.forEach(({ header, runs, ranks = [] }, index) => {
      const { name } = header, upper = name.toUpperCase();
      text += `#include "${name}.h"\n`;
      ranks.forEach((rank, i) => (text += `enum { rank_${index}_${i} = ${rank} };\n`));
      for (const instance of new Set(runs.map((run) => run.instance ?? 0))) {
        const memory = `memory_${name}_${instance}`;
        body += `  void* ${memory} = aligned_alloc(${upper}_ALIGNMENT, ${upper}_MEMORY);\n  if (!${memory}) exit(7);\n  memset(${memory}, 0xa5, ${upper}_MEMORY);\n`;
        if (header.external) body += `  FILE* file_${name}_${instance} = fopen("${name}.weights", "rb");\n`;
        body += `  ${name}_model* ${name}_${instance} = ${name}_prepare(${memory}${header.external ? `, read_file, file_${name}_${instance}` : ""});\n  if (!${name}_${instance}) exit(6);\n`;
      }
      runs.forEach((run, k) => {
        run.inputs.forEach((bytes, i) => writeFileSync(path.join(folder, `in-${index}-${k}-${i}`), bytes));
        body += runText(header, index, run.instance ?? 0, run, k);
      });
      if (header.external) writeFileSync(path.join(folder, `${name}.weights`), readFileSync(path.join(header.folder, `${name}.weights`)));
    });
    text += `int main(void) {\n  int32_t code;\n  (void)read_file; (void)product;\n${body}  return 0;\n}\n`;
    const program = linkProgram(text, { objects: models.map(({ header }) => path.join(header.folder, `${header.name}.o`)), include: models.map(({ header }) => header.folder), language });
    const lines = runProgram(program, { folder }).trimEnd().split("\n");
    return models.map(({ header, runs }, index) =>
      runs.map((_, k) => {
        const [, code, node, what, value, least, greatest] = lines.shift().match(/^(-?\d+)(?: (.*)\|(.*)\|(.*)\|(.*)\|(.*))?$/);
        const outputs = code === "0" ? header.outputs.map((__, i) => readFileSync(path.join(folder, `out-${index}-${k}-${i}`))) : [];
        return { code: Number(code), ...(node !== undefined && { failure: { node, what, value: BigInt(value), least: Number(least), greatest: Number(greatest) } }), outputs };
      }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
