// Sound of any rate -> samples of the input's rate, one channel.
import type { SoundSource } from "../types.js";

/** Zero crossings of the windowed sinc on either side. */
const crossings = 16;

function mono(source: SoundSource): Float32Array {
  if ("data" in source) return source.data;
  const { numberOfChannels, length } = source;
  const out = new Float32Array(length);
  for (let c = 0; c < numberOfChannels; ++c) {
    const channel = source.getChannelData(c);
    for (let i = 0; i < length; ++i) out[i]! += channel[i]! / numberOfChannels;
  }
  return out;
}

/** The first `count` samples at `rate`; what is short is followed by silence. A sinc of Hann's window, that lets pass what both rates can hold. */
export function samplesOf(source: SoundSource, rate: number, count: number): Float32Array {
  const x = mono(source), step = source.sampleRate / rate;
  const out = new Float32Array(count);
  if (step === 1) {
    out.set(x.subarray(0, count));
    return out;
  }
  const cutoff = Math.min(1, 1 / step), reach = crossings / cutoff;
  for (let i = 0; i < Math.min(count, Math.floor(x.length / step)); ++i) {
    const center = i * step;
    let sum = 0;
    for (let k = Math.max(0, Math.ceil(center - reach)); k <= Math.min(x.length - 1, center + reach); ++k) {
      const t = (k - center) * cutoff * Math.PI;
      sum += x[k]! * (t === 0 ? 1 : Math.sin(t) / t) * (0.5 + 0.5 * Math.cos((t / crossings)));
    }
    out[i] = sum * cutoff;
  }
  return out;
}
