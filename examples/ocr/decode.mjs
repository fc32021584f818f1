// What the recogniser's scores say.

/** The characters of the classes: class 0 is CTC's blank, the last one is the space. */
export function readCharacters(text) {
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  return ["", ...lines, " "];
}

/** Best class of each step; repeats and blanks fall out. Scores are f32 [1, steps, classes]; confidence is the mean over characters. */
export function decode(scores, [, steps, classes], characters) {
  let text = "", sum = 0, count = 0, previous = 0;
  for (let step = 0; step < steps; ++step) {
    let best = 0;
    for (let c = 1; c < classes; ++c) if (scores[step * classes + c] > scores[step * classes + best]) best = c;
    if (best !== 0 && best !== previous) {
      text += characters[best];
      sum += scores[step * classes + best];
      ++count;
    }
    previous = best;
  }
  return { text, confidence: count ? sum / count : 0 };
}
