// How marks of the recording of examples/vad are judged.
const TOLERANCE = 0.15; // seconds

/** What is wrong with [{start, end}], beside the speech that is there. */
export function wronglyMarked(segments, speech) {
  if (segments.length !== speech.length) return [`${segments.length} stretches, not ${speech.length}: ${JSON.stringify(segments)}`];
  const near = (a, b) => Math.abs(a - b) <= TOLERANCE;
  return segments.filter(({ start, end }, i) => !near(start, speech[i].start) || !near(end, speech[i].end)).map((each) => `${each.start} to ${each.end}`);
}
