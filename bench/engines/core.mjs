// What every engine does: loads a bundle in each variant that it has, runs it on the same input, gives the bits of the outputs, and times the
// variant that it chooses. Uses nothing but JavaScript and WebAssembly.

/** Uniform in [-1, 1), the same in every engine. */
function input({ dtype, shape }) {
  if (dtype !== "f32") throw new Error(`inputs of type ${dtype} are not made here`);
  let state = 0x9e3779b9;
  return Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 31 - 1);
}

const bitsOf = (outputs) => Object.values(outputs).map((y) => Array.from(new Uint32Array(y.buffer, y.byteOffset, y.byteLength / 4)));

/** Median of `runs` runs, ms; null without a clock that runs meanwhile. */
async function time(model, feeds, { runs, warmup, now }) {
  for (let i = 0; i < warmup; ++i) await model.run(feeds);
  if (!now) return null;
  const times = [];
  for (let i = 0; i < runs; ++i) {
    const from = now();
    await model.run(feeds);
    times.push(now() - from);
  }
  return times.sort((a, b) => a - b)[runs >> 1];
}

/** load(options): of a bundle. {chosen, reason, variants: {name: {bits} | {error}}, ms} */
export async function measure(load, { variants, runs, warmup, now }) {
  const results = {};
  for (const variant of variants) {
    try {
      const model = await load({ variant });
      results[variant] = { bits: bitsOf(await model.run(Object.fromEntries(model.info.inputs.map((port) => [port.name, input(port)])))) };
      model.dispose();
    } catch ({ code, message }) {
      results[variant] = { error: `${code}: ${message}` };
    }
  }
  const model = await load({});
  const feeds = Object.fromEntries(model.info.inputs.map((port) => [port.name, input(port)]));
  const { variant: chosen, variantReason: reason } = model.info;
  const ms = await time(model, feeds, { runs, warmup, now });
  model.dispose();
  return { chosen, reason, variants: results, ms };
}
