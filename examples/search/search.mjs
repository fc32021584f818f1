// Search by meaning: sentences become vectors of unit length, and the nearest to the query's are found. Shared by the page and Node.

export const DIMS = { batch: "1..8", seq: "2..128" };
const BATCH = 8, LENGTH = 128;

export class Searcher {
  #model;
  #tokenizer;
  #sentences = [];
  #vectors = [];

  constructor(model, tokenizer) {
    this.#model = model;
    this.#tokenizer = tokenizer;
  }

  get sentences() {
    return this.#sentences;
  }

  /** One vector a text. Texts of like length go together, so that little is padded. */
  async embed(texts, report = () => {}) {
    const vectors = [], order = texts.map((_, i) => i).sort((a, b) => texts[a].length - texts[b].length || a - b);
    for (let from = 0; from < order.length; from += BATCH) {
      const chosen = order.slice(from, from + BATCH);
      const { sentence_embedding: found } = await this.#model.run(this.#tokenizer.batch(chosen.map((i) => texts[i]), LENGTH));
      const width = found.length / chosen.length;
      chosen.forEach((i, k) => (vectors[i] = Float32Array.from(found.subarray(k * width, (k + 1) * width))));
      report(Math.min(1, (from + BATCH) / order.length));
    }
    return vectors;
  }

  /** The sentences to search from now on. */
  async index(sentences, report) {
    this.#vectors = await this.embed(sentences, report);
    this.#sentences = sentences;
  }

  /** [{sentence, score, index}], the best first; the score is the cosine of the angle, in [-1, 1]. */
  async search(query, most = 5) {
    const [vector] = await this.embed([query]);
    const score = (other) => other.reduce((sum, value, i) => sum + value * vector[i], 0);
    const found = this.#vectors.map((other, index) => ({ sentence: this.#sentences[index], score: score(other), index }));
    return found.sort((a, b) => b.score - a.score || a.index - b.index).slice(0, most);
  }
}

/** One sentence a line. */
export const sentencesOf = (text) => text.split(/\r?\n/).map((line) => line.trim()).filter(Boolean);
