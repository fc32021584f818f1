// Silero VAD (v5): 16 kHz samples in, the stretches with speech out. Shared by the page and Node.

export const RATE = 16000;
const FRAME = 512; // 32 ms; the network also sees the CONTEXT samples before
const CONTEXT = 64;
export const OPTIONS = { threshold: 0.5, release: 0.35, leastSpeech: 0.2, leastSilence: 0.3, margin: 0.03 };

/** The probability of speech, frame by frame. `report(share)` is told how far it is. */
export async function probabilities(model, samples, report = () => {}) {
  const found = new Float32Array(Math.ceil(samples.length / FRAME));
  const input = new Float32Array(CONTEXT + FRAME);
  model.reset();
  for (let k = 0; k < found.length; ++k) {
    input.fill(0);
    const from = k * FRAME - CONTEXT;
    input.set(samples.subarray(Math.max(0, from), from + input.length), Math.max(0, -from));
    found[k] = (await model.run({ input })).output[0];
    if (k % 64 === 63) report(k / found.length);
  }
  return found;
}

/**
 * Stretches of speech, [{start, end}] in seconds. One begins with a frame of at least `threshold` and ends where the frames stay below `release`
 * for `leastSilence` seconds; shorter ones than `leastSpeech` are left out; each gets `margin` around it.
 */
export function segmentsOf(frames, duration, options = {}) {
  const { threshold, release, leastSpeech, leastSilence, margin } = { ...OPTIONS, ...options };
  const seconds = FRAME / RATE, found = [];
  let start = -1, quiet = -1;
  const close = (end) => {
    if ((end - start) * seconds >= leastSpeech) found.push({ start: Math.max(0, start * seconds - margin), end: Math.min(duration, end * seconds + margin) });
    start = quiet = -1;
  };
  frames.forEach((probability, k) => {
    if (start < 0) {
      if (probability >= threshold) start = k;
    } else if (probability >= release) {
      quiet = -1;
    } else {
      if (quiet < 0) quiet = k;
      if ((k + 1 - quiet) * seconds >= leastSilence) close(quiet);
    }
  });
  if (start >= 0) close(quiet < 0 ? frames.length : quiet);
  return found;
}
