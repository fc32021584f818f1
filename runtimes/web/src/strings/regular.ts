// RE2's syntax (https://github.com/google/re2/wiki/Syntax) as JavaScript's, with its flag u.

const classes: Readonly<Record<string, string>> = {
  alnum: "0-9A-Za-z", alpha: "A-Za-z", ascii: "\\0-\\x7f", blank: "\\t ", cntrl: "\\0-\\x1f\\x7f", digit: "0-9", graph: "!-~", lower: "a-z",
  print: " -~", punct: "!-\\/:-@\\[-`\\{-~", space: "\\t\\n\\v\\f\\r ", upper: "A-Z", word: "0-9A-Za-z_", xdigit: "0-9A-Fa-f",
};
const escapes: Readonly<Record<string, string>> = { A: "(?<![^])", z: "(?![^])", a: "\\x07", C: "[^]" };

/** Literal characters in or outside of a class. */
const literal = (text: string): string => text.replace(/[\^$\\.*+?()[\]{}|/-]/g, (c) => (c === "-" ? "\\x2d" : "\\" + c));

/** Letters, or a category or script in braces, of \p. */
function property(name: string): string {
  const negated = name[0] === "^", plain = negated ? name.slice(1) : name;
  return `\\${negated ? "P" : "p"}{${plain.length > 2 ? "Script=" : ""}${plain}}`;
}

function escaped(text: string, inClass: boolean): string {
  const letter = text[1]!, group = /^\\([pP])\{?(\^?\w+)/.exec(text), wide = /^\\x\{(\w+)/.exec(text);
  if (text.startsWith("\\Q")) return literal(text.slice(2).replace(/\\E$/, ""));
  if (group) return property(group[1] === "P" ? (group[2]![0] === "^" ? group[2]!.slice(1) : "^" + group[2]!) : group[2]!);
  if (wide) return `\\u{${wide[1]}}`;
  if (letter === "s") return inClass ? "\\t\\n\\f\\r " : "[\\t\\n\\f\\r ]";
  if (letter === "S" && !inClass) return "[^\\t\\n\\f\\r ]";
  return escapes[letter] ?? (/\w/.test(letter) ? text : literal(letter));
}

/** A regular expression that tests whether all of a text matches. Throws a SyntaxError for what JavaScript cannot say. */
export function wholeMatch(pattern: string): RegExp {
  const leading = /^\(\?([ims]+)\)/.exec(pattern);
  const token = /\\Q[^]*?(?:\\E|$)|\\[pP](?:\{\^?\w+\}|\w)|\\x\{\w+\}|\\[^]|\[:(\^?)(\w+):\]|\(\?P<|\{\d+(?:,\d*)?\}|\[\^?\]?|[\]{}]/g;
  let inClass = false;
  const source = pattern.slice(leading?.[0].length ?? 0).replace(token, (text: string, negated: string | undefined, name: string | undefined) => {
    if (text[0] === "\\") return escaped(text, inClass);
    if (name !== undefined && inClass) {
      if (negated || !classes[name]) throw new SyntaxError(`the class ${text} is not known`);
      return classes[name];
    }
    if (text === "(?P<") return inClass ? text : "(?<";
    if (text[0] === "[" && !inClass) {
      inClass = true;
      return text.replace("]", "\\]");
    }
    if (inClass && text === "]") {
      inClass = false;
      return text;
    }
    return text.length > 1 && text[0] === "{" && !inClass ? text : literal(text);
  });
  return new RegExp(`^(?:${source})$`, "u" + (leading?.[1] ?? ""));
}
