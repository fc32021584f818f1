// What a decoder with a cache says: ids into, logits and the cache out of ONNX Runtime, which is handed the cache again.
import ort from "onnxruntime-node";

/** The best token by the last row of logits. */
export const best = (logits, width = 512) => {
  const last = logits.subarray(logits.length - width);
  return BigInt(last.reduce((most, value, i) => (value > last[most] ? i : most), 0));
};

/** Greedy decoding with a session of tests/models/decoder.py. */
export async function expectedTokens(session, prompt, count) {
  let cache = Object.fromEntries(session.inputNames.filter((name) => name !== "input_ids").map((name) => [name, new ort.Tensor("float32", new Float32Array(0), [1, 4, 0, 32])]));
  const tokens = [];
  for (let ids = prompt; tokens.length < count; tokens.push(ids[0])) {
    const outputs = await session.run({ input_ids: new ort.Tensor("int64", BigInt64Array.from(ids), [1, ids.length]), ...cache });
    ids = [best(outputs.logits.data)];
    cache = Object.fromEntries(Object.keys(cache).map((name) => [name, outputs[name.replace("past_key_values", "present")]]));
  }
  return tokens;
}
