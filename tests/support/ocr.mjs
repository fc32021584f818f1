// What stands on examples/ocr/page.png, and how a reading of it is judged: the recogniser often leaves spaces out.
export const LINES = [
  "The weaver's shop", "Opening hours: Monday to Friday, 9 to 17", "Fresh threads every week", "Price 12.50", "No. 4821", "This line is upside down",
  "A model compiled to WebAssembly reads this long line in your browser", "and nothing leaves the machine",
];
export const TURNED = 5;

function editDistance(a, b) {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; ++i)
    row = row.reduce((next, above, j) => [...next, j === 0 ? i : Math.min(above + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1))], []);
  return row[b.length];
}

/** What is wrong with what was read: of each line, more than one letter, spaces aside. */
export function misread(texts) {
  const bare = (text) => text.replace(/\s/g, "");
  if (texts.length !== LINES.length) return [`${texts.length} lines: ${JSON.stringify(texts)}`];
  return LINES.map((line, i) => [line, texts[i]]).filter(([line, text]) => editDistance(bare(line), bare(text)) > 1).map(([line, text]) => `${text} for ${line}`);
}
