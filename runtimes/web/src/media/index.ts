// Pictures and sound in, labels out: what model.js has of models that were compiled with --preprocess or --labels.
import type { Model, PictureSource, RunOptions, SoundSource, TensorInfo } from "../types.js";
import { pixelsOf, resample } from "./picture.js";
import { samplesOf } from "./sound.js";

type InputError = new (code: string, message: string) => Error;

/** What is no tensor: typed arrays and { data, shape } are left to the model. */
function converted(given: unknown, { name, shape, picture, sample_rate: rate }: TensorInfo, Refusal: InputError): Uint8Array | Float32Array | undefined {
  if (typeof given !== "object" || given === null || ArrayBuffer.isView(given) || Array.isArray(given) || "shape" in given) return undefined;
  if ("data" in given && !("width" in given || "sampleRate" in given)) return undefined;
  if (picture) {
    const pixels = pixelsOf(given as PictureSource);
    if (!pixels)
      throw new Refusal("value", `input "${name}": there are no pixels: give an ImageBitmap, ImageData, canvas, loaded image or video, or { data: RGBA bytes, width, height }; without a canvas (in Node) only the last`);
    return resample(pixels, shape.at(-2)!, shape.at(-3)!, picture);
  }
  if (rate === undefined || !("sampleRate" in given)) return undefined;
  if (!((given as SoundSource).sampleRate > 0)) throw new Refusal("value", `input "${name}": its sampleRate is no rate`);
  return samplesOf(given as SoundSource, rate, shape.at(-1)!);
}

/** The model, whose run() takes pictures and sound too. */
export function accept<M extends Model>(model: M, Refusal: InputError): M {
  const run = model.run.bind(model);
  const media = model.info.inputs.filter(({ picture, sample_rate: rate }) => picture || rate);
  model.run = async (inputs, options?: RunOptions) => {
    const given: Record<string, unknown> = { ...inputs };
    for (const port of media) if (port.name in given) given[port.name] = converted(given[port.name], port, Refusal) ?? given[port.name];
    // Of what is not an object the model itself complains.
    return run(inputs && typeof inputs === "object" ? (given as typeof inputs) : inputs, options);
  };
  return model;
}

/** The largest scores, best first. */
export function top(scores: ArrayLike<number>, labels: readonly string[], count = 5): { label: string; score: number; index: number }[] {
  return Array.from(scores, (score, index) => ({ label: labels[index % labels.length]!, score, index }))
    .sort((a, b) => b.score - a.score || a.index - b.index)
    .slice(0, count);
}
