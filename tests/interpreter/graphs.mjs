// Graphs (text form of graph/graph.hpp) and shapes for the interpreter's rules: {text, inputs: [[name, shape]], evaluated: operations without a kernel}.
let numbers = 0;
/** A constant of these numbers, or of ones that only look random. */
function constant(name, shape, values) {
  const n = shape.reduce((a, b) => a * b, 1);
  const list = values ?? Array.from({ length: n }, () => (((numbers = (numbers * 1103 + 12347) % 65536) - 32768) / 32768));
  return `%${name} = constant "${name}" : f32[${shape.join(", ")}] = {${list.map((x) => Math.fround(x)).join(", ")}}\n`;
}
const type = (shape) => `f32[${shape.join(", ")}]`;
const graph = (inputs, body, outputs) =>
  `graph "g" {\n${inputs.map(([name, shape]) => `%${name} = input "${name}" : ${type(shape)}\n`).join("")}${body}${outputs.map((name) => `output "${name}" = %${name}\n`).join("")}}\n`;

function conv([n, c, ...space], outputs, window, { groups = 1, strides, dilations, begin, end, bias = true, clip } = {}) {
  const rank = space.length, ones = Array(rank).fill(1), zeros = Array(rank).fill(0);
  strides ??= ones; dilations ??= ones; begin ??= zeros; end ??= begin;
  const out = space.map((extent, i) => Math.floor((extent + begin[i] + end[i] - ((window[i] - 1) * dilations[i] + 1)) / strides[i]) + 1);
  const list = (values) => `[${values.join(", ")}]`;
  let body = constant("w", [outputs, c / groups, ...window]) + (bias ? constant("b", [outputs]) : "");
  body += `%y = conv(%x, %w${bias ? ", %b" : ""}) {strides = ${list(strides)}, dilations = ${list(dilations)}, pads_begin = ${list(begin)}, pads_end = ${list(end)}, groups = ${groups}} : ${type([n, outputs, ...out])} @ "conv"\n`;
  let last = "y";
  if (clip) {
    body += constant("lo", [], [clip[0]]) + constant("hi", [], [clip[1]]);
    body += `%l = maximum(%y, %lo) : ${type([n, outputs, ...out])} @ "max"\n%z = minimum(%l, %hi) : ${type([n, outputs, ...out])} @ "min"\n`;
    last = "z";
  }
  return { text: graph([["x", [n, c, ...space]]], body, [last]), inputs: [["x", [n, c, ...space]]] };
}

function window([n, c, ...space], kind, size, { strides, begin, end, counted } = {}) {
  const zeros = space.map(() => 0), ones = space.map(() => 1);
  strides ??= ones; begin ??= zeros; end ??= begin; counted ??= [zeros, zeros];
  const out = space.map((extent, i) => Math.floor((extent + begin[i] + end[i] - size[i]) / strides[i]) + 1);
  const list = (values) => `[${values.join(", ")}]`;
  const body = `%y = reduce_window(%x) {kind = ${kind}, window = ${list(size)}, strides = ${list(strides)}, dilations = ${list(ones)}, pads_begin = ${list(begin)}, pads_end = ${list(end)}, counted_begin = ${list(counted[0])}, counted_end = ${list(counted[1])}} : ${type([n, c, ...out])} @ "pool"\n`;
  return { text: graph([["x", [n, c, ...space]]], body, ["y"]), inputs: [["x", [n, c, ...space]]] };
}

const broadcast = (a, b) => {
  const rank = Math.max(a.length, b.length), at = (shape, i) => shape[shape.length - rank + i] ?? 1;
  return Array.from({ length: rank }, (_, i) => (at(a, i) === 1 ? at(b, i) : at(a, i)));
};
const binary = (op, a, b) => ({ text: graph([["a", a], ["b", b]], `%y = ${op}(%a, %b) : ${type(broadcast(a, b))} @ "${op}"\n`, ["y"]), inputs: [["a", a], ["b", b]] });
const unary = (op, shape) => ({ text: graph([["x", shape]], `%y = ${op}(%x) : ${type(shape)} @ "${op}"\n`, ["y"]), inputs: [["x", shape]] });
const reduce = (kind, shape, axes) => ({
  text: graph([["x", shape]], `%y = reduce(%x) {kind = ${kind}, axes = [${axes.join(", ")}]} : ${type(shape.filter((_, i) => !axes.includes(i)))} @ "reduce"\n`, ["y"]),
  inputs: [["x", shape]],
});
const matmul = (a, b, isConstant) => {
  const y = [...broadcast(a.slice(0, -2), b.slice(0, -2)), a.at(-2), b.at(-1)];
  const inputs = isConstant ? [["a", a]] : [["a", a], ["b", b]];
  return { text: graph(inputs, `${isConstant ? constant("b", b) : ""}%y = matmul(%a, %b) : ${type(y)} @ "matmul"\n`, ["y"]), inputs };
};

export const GRAPHS = {
  "a convolution of nothing in whole tiles": conv([1, 3, 7, 9], 13, [3, 3], { begin: [1, 1] }),
  "of one channel, one point": conv([1, 1, 1, 1], 1, [1, 1]),
  "point-wise, two images": conv([2, 5, 3, 5], 24, [1, 1], { clip: [0, 0.5] }),
  "strided, dilated, padded unevenly": conv([2, 4, 11, 10], 9, [3, 2], { strides: [2, 3], dilations: [2, 1], begin: [0, 2], end: [3, 1] }),
  "in groups of awkward widths": conv([1, 6, 6, 6], 10, [3, 3], { groups: 2, begin: [1, 1], clip: [-1, 1] }),
  "in groups, point-wise": conv([1, 12, 5, 5], 12, [1, 1], { groups: 3 }),
  "depthwise, 7 channels": conv([2, 7, 6, 9], 7, [3, 3], { groups: 7, begin: [1, 1], clip: [0, 6] }),
  "depthwise, strided, 8 channels": conv([1, 8, 9, 9], 8, [5, 5], { groups: 8, strides: [2, 2], begin: [2, 2], bias: false }),
  "depthwise, two outputs a channel": conv([1, 3, 5, 5], 6, [3, 3], { groups: 3 }),
  "along one axis": conv([1, 6, 17], 5, [4], { strides: [2], begin: [1] }),
  "along three axes": { ...conv([1, 2, 3, 4, 3], 3, [2, 2, 2]), evaluated: ["conv"] },
  "with many rows": conv([1, 2, 40, 40], 17, [3, 3], { begin: [1, 1] }),
  "the greatest of padded windows": window([1, 6, 8, 7], "max", [3, 3], { strides: [2, 2], begin: [1, 1] }),
  "means that count padding": window([1, 5, 6, 6], "mean", [3, 2], { strides: [1, 2], begin: [1, 1], counted: [[1, 1], [1, 1]] }),
  "means that do not": window([2, 4, 6, 6], "mean", [3, 3], { strides: [2, 2], begin: [1, 1], counted: [[0, 0], [0, 0]] }),
  "sums along one axis": window([1, 3, 9], "sum", [4], { strides: [3] }),
  "a matrix times a constant": matmul([5, 7], [7, 19], true),
  "a vector times a constant": matmul([1, 33], [33, 70], true),
  "three axes times a constant": matmul([2, 3, 9], [9, 8], true),
  "matrices, broadcast": matmul([2, 1, 3, 4], [5, 4, 6], false),
  "one row, one column": matmul([3, 1, 5], [3, 5, 1], false),
  "equal shapes": binary("add", [2, 3, 5], [2, 3, 5]),
  "a number": binary("sub", [3, 7], []),
  "a number first": binary("div", [], [3, 7]),
  "a channel": binary("mul", [2, 3, 4, 5], [3, 1, 1]),
  "a line": binary("minimum", [4, 9], [9]),
  "a column first": binary("sub", [4, 1], [4, 9]),
  "both broadcast": binary("maximum", [4, 1, 3], [2, 1]),
  "rows and columns": binary("add", [5, 1], [1, 6]),
  "powers": binary("mul", [17], [17]),
  ...Object.fromEntries(["neg", "abs", "floor", "ceil", "round", "exp", "sin", "cos", "atan", "erf", "tanh", "sigmoid"].map((op) => [op, unary(op, [3, 7])])),
  "a sum over all": reduce("sum", [3, 5], [0, 1]),
  "a mean over the last": reduce("mean", [3, 5, 9], [2]),
  "a mean over space": reduce("mean", [2, 6, 3, 5], [2, 3]),
  "the greatest over the first": reduce("max", [7, 10], [0]),
  "a sum over the middle": reduce("sum", [3, 4, 5], [1]),
  "a sum over two apart": { ...reduce("sum", [3, 4, 5], [0, 2]), evaluated: [] },
  "products": { ...reduce("product", [3, 4], [1]), evaluated: ["reduce"] },
  "views of views": {
    text: graph(
      [["x", [2, 6, 4]]],
      `%t = transpose(%x) {permutation = [2, 0, 1]} : f32[4, 2, 6] @ "t"\n%s = slice(%t) {starts = [3, 0, 1], steps = [-1, 1, 2], sizes = [3, 2, 2]} : f32[3, 2, 2] @ "s"\n` +
        `%r = reshape(%s) {shape = [3, 4]} : f32[3, 4] @ "r"\n%e = exp(%r) : f32[3, 4] @ "e"\n%c = concat(%r, %e) {axis = 1} : f32[3, 8] @ "c"\n%p = pad(%c) {begin = [1, 0], end = [0, 2], mode = constant, value = 3} : f32[4, 10] @ "p"\n`,
      ["p", "t"],
    ),
    inputs: [["x", [2, 6, 4]]],
  },
  "channels shuffled": {
    text: graph(
      [["x", [1, 6, 3, 5]]],
      constant("w", [6, 6, 1, 1]) + constant("v", [6, 1, 3, 3]) +
        `%a = conv(%x, %w) {strides = [1, 1], dilations = [1, 1], pads_begin = [0, 0], pads_end = [0, 0], groups = 1} : f32[1, 6, 3, 5] @ "a"\n` +
        `%g = reshape(%a) {shape = [1, 2, 3, 3, 5]} : f32[1, 2, 3, 3, 5] @ "g"\n%t = transpose(%g) {permutation = [0, 2, 1, 3, 4]} : f32[1, 3, 2, 3, 5] @ "t"\n` +
        `%r = reshape(%t) {shape = [1, 6, 3, 5]} : f32[1, 6, 3, 5] @ "r"\n%y = conv(%r, %v) {strides = [1, 1], dilations = [1, 1], pads_begin = [1, 1], pads_end = [1, 1], groups = 6} : f32[1, 6, 3, 5] @ "y"\n`,
      ["y"],
    ),
    inputs: [["x", [1, 6, 3, 5]]],
  },
  ...Object.fromEntries(
    [["rows", 0, "i64", [4, 5]], ["columns", 1, "i32", [3, 4, 2]], ["the last axis", 2, "i64", [2, 3, 4]]].map(([name, axis, dtype, shape]) => [
      `a gather of ${name}`,
      {
        text: graph([["x", shape]], `%i = constant "i" : ${dtype}[2, 3] = {0, -1, 2, 1, 0, -2}\n%y = gather(%x, %i) {axis = ${axis}} : ${type([...shape.slice(0, axis), 2, 3, ...shape.slice(axis + 1)])} @ "gather"\n`, ["y"]),
        inputs: [["x", shape]],
      },
    ]),
  ),
  "an operand that is read again": {
    text: graph([["x", [5, 5]]], `%a = exp(%x) : f32[5, 5] @ "a"\n%b = neg(%a) : f32[5, 5] @ "b"\n%c = add(%a, %b) : f32[5, 5] @ "c"\n%d = mul(%b, %b) : f32[5, 5] @ "d"\n`, ["c", "d", "x"].slice(0, 2)),
    inputs: [["x", [5, 5]]],
  },
  "no elements": { ...binary("add", [0, 3], [0, 3]), evaluated: ["add"] },
};
