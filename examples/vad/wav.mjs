// WAV files: reading (PCM of 8 to 32 bits, floats; all channels into one), writing (16 bits, mono), and another sample rate.

const FORMATS = { pcm: 1, float: 3, extensible: 0xfffe };

/** Reads one sample at a byte: into [-1, 1). */
function readerOf(view, format, bits) {
  if (format === FORMATS.float && bits === 32) return (at) => view.getFloat32(at, true);
  if (format === FORMATS.pcm && bits === 8) return (at) => (view.getUint8(at) - 128) / 128;
  if (format === FORMATS.pcm && bits === 16) return (at) => view.getInt16(at, true) / 2 ** 15;
  if (format === FORMATS.pcm && bits === 24) return (at) => (view.getInt8(at + 2) * 65536 + view.getUint16(at, true)) / 2 ** 23;
  if (format === FORMATS.pcm && bits === 32) return (at) => view.getInt32(at, true) / 2 ** 31;
  throw new Error(`samples of format ${format} with ${bits} bits are not supported`);
}

/** The bytes of a WAV file -> {samples: Float32Array (the mean of the channels), rate}. */
export function readWav(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tag = (at) => String.fromCharCode(...bytes.subarray(at, at + 4));
  if (bytes.length < 12 || tag(0) !== "RIFF" || tag(8) !== "WAVE") throw new Error("it is not a WAV file");
  let sound;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const size = view.getUint32(at + 4, true), from = at + 8;
    if (tag(at) === "fmt " && size >= 16 && from + size <= bytes.length) {
      const format = view.getUint16(from, true), bits = view.getUint16(from + 14, true);
      sound = { channels: view.getUint16(from + 2, true), rate: view.getUint32(from + 4, true), bits, read: readerOf(view, format === FORMATS.extensible && size >= 26 ? view.getUint16(from + 24, true) : format, bits) };
    }
    if (tag(at) === "data" && sound && sound.channels > 0 && sound.rate > 0) {
      const { channels, rate, bits, read } = sound, step = bits / 8;
      const count = Math.trunc(Math.min(size, bytes.length - from) / (step * channels));
      const samples = new Float32Array(count);
      for (let i = 0; i < count; ++i) for (let c = 0; c < channels; ++c) samples[i] += read(from + (i * channels + c) * step) / channels;
      return { samples, rate };
    }
    at = from + size + (size % 2);
  }
  throw new Error("the WAV file has no samples");
}

/** Samples in [-1, 1] as a WAV file of 16 bits. */
export function writeWav(samples, rate) {
  const bytes = new Uint8Array(44 + 2 * samples.length), view = new DataView(bytes.buffer);
  const text = (at, tag) => [...tag].forEach((c, i) => view.setUint8(at + i, c.charCodeAt(0)));
  text(0, "RIFF"), view.setUint32(4, 36 + 2 * samples.length, true), text(8, "WAVEfmt "), view.setUint32(16, 16, true);
  view.setUint16(20, FORMATS.pcm, true), view.setUint16(22, 1, true), view.setUint32(24, rate, true), view.setUint32(28, 2 * rate, true);
  view.setUint16(32, 2, true), view.setUint16(34, 16, true), text(36, "data"), view.setUint32(40, 2 * samples.length, true);
  samples.forEach((value, i) => view.setInt16(44 + 2 * i, Math.max(-32768, Math.min(32767, Math.round(value * 32768))), true));
  return bytes;
}

const HALF_WIDTH = 16; // zero crossings on each side

/** Another sample rate, by a Hann-windowed sinc that cuts at half of the lower rate. */
export function resample(samples, from, to) {
  if (from === to) return samples;
  const ratio = from / to, cut = Math.min(1, to / from), reach = HALF_WIDTH / cut;
  return Float32Array.from({ length: Math.floor(samples.length / ratio) }, (_, i) => {
    const middle = i * ratio;
    let sum = 0;
    for (let k = Math.max(0, Math.ceil(middle - reach)); k <= Math.min(samples.length - 1, middle + reach); ++k) {
      const x = k - middle, phase = Math.PI * x * cut;
      sum += samples[k] * cut * (x === 0 ? 1 : Math.sin(phase) / phase) * (0.5 + 0.5 * Math.cos((Math.PI * x) / reach));
    }
    return sum;
  });
}
