// BERT's word pieces (uncased), as its own tokenizer makes them: Devlin et al. 2018, https://github.com/google-research/bert, tokenization.py.

const LONGEST_WORD = 100; // characters; longer ones are unknown

const isCjk = (code) =>
  (code >= 0x4e00 && code <= 0x9fff) || (code >= 0x3400 && code <= 0x4dbf) || (code >= 0x20000 && code <= 0x2a6df) || (code >= 0x2a700 && code <= 0x2ceaf) ||
  (code >= 0xf900 && code <= 0xfaff) || (code >= 0x2f800 && code <= 0x2fa1f);
// All that is neither letter nor digit in ASCII counts as punctuation, also `$` and `^`.
const isPunctuation = (character) => /^[!-/:-@[-`{-~]$|^\p{P}$/u.test(character);

/** Lower case, without accents and control characters, split at spaces, punctuation and around Chinese characters. */
export function wordsOf(text) {
  let spaced = "";
  for (const character of text) {
    const code = character.codePointAt(0);
    if (/^[\t\n\r]$|^\p{Zs}$/u.test(character)) spaced += " ";
    else if (code === 0xfffd || /^\p{C}$/u.test(character)) continue;
    else spaced += isCjk(code) ? ` ${character} ` : character;
  }
  let split = "";
  for (const character of spaced.toLowerCase().normalize("NFD")) {
    if (/^\p{Mn}$/u.test(character)) continue;
    split += isPunctuation(character) ? ` ${character} ` : character;
  }
  return split.split(" ").filter(Boolean);
}

export class Tokenizer {
  #ids;

  /** `vocabulary`: the text of vocab.txt, a piece a line; its number is the line's. */
  constructor(vocabulary) {
    this.#ids = new Map(vocabulary.trimEnd().split("\n").map((piece, id) => [piece, id]));
    for (const piece of ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]) if (!this.#ids.has(piece)) throw new Error(`the vocabulary has no ${piece}`);
  }

  /** The numbers of a word's pieces, each the longest that the vocabulary has from there on. */
  #pieces(word) {
    const letters = [...word], found = [];
    if (letters.length > LONGEST_WORD) return [this.#ids.get("[UNK]")];
    for (let from = 0; from < letters.length; ) {
      let to = letters.length, id;
      for (; to > from; --to) if ((id = this.#ids.get((from ? "##" : "") + letters.slice(from, to).join(""))) !== undefined) break;
      if (to === from) return [this.#ids.get("[UNK]")];
      found.push(id);
      from = to;
    }
    return found;
  }

  /** [CLS] pieces [SEP], cut to `most`. */
  encode(text, most) {
    const pieces = wordsOf(text).flatMap((word) => this.#pieces(word));
    return [this.#ids.get("[CLS]"), ...pieces.slice(0, most - 2), this.#ids.get("[SEP]")];
  }

  /** Several texts as the model's inputs, padded to the longest. */
  batch(texts, most) {
    const rows = texts.map((text) => this.encode(text, most)), length = Math.max(...rows.map((row) => row.length));
    const shape = [rows.length, length], pad = this.#ids.get("[PAD]");
    const tensor = (value) => ({ shape, data: BigInt64Array.from({ length: rows.length * length }, (_, i) => BigInt(value(rows[Math.trunc(i / length)], i % length))) });
    return { input_ids: tensor((row, k) => row[k] ?? pad), attention_mask: tensor((row, k) => +(k < row.length)), token_type_ids: tensor(() => 0) };
  }
}
