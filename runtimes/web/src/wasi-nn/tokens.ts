import type { Manifest } from "../manifest.js";
import { NnError, refuse, shown } from "./errors.js";
import { seen, type Instance } from "./machine.js";
import { carries, type Tensor } from "./types.js";

// One token at a time: the twin of runtimes/nn/token_{options,loop}.cpp and sampler.cpp, in which the rules stand.

interface Options {
  readonly tokens?: string;
  readonly logits?: string;
  readonly end?: number | readonly number[];
  readonly "n-predict"?: number;
  readonly temp?: number;
  readonly "top-k"?: number;
  readonly seed?: number;
}
export type TokenOptions = Options;

const whole = (value: unknown): boolean => Number.isSafeInteger(value);
const isName = (value: unknown): boolean => typeof value === "string" && value !== "";
const takes: Readonly<Record<keyof Options, (value: any) => boolean>> = {
  tokens: isName,
  logits: isName,
  end: (value) => [value].flat().every(whole),
  "n-predict": whole,
  temp: (value) => typeof value === "number" && value >= 0 && value <= 1000,
  "top-k": (value) => whole(value) && value >= 0 && value < 2 ** 32,
  seed: whole,
};

/** Throws invalid_argument for what is no JSON object, or has other values of these keys; `ignored` gets the keys that weft has nothing for. */
export function readOptions(text: string | undefined, ignored: (keys: string[]) => void): TokenOptions {
  if (text === "") return {};
  let config: unknown;
  try {
    config = JSON.parse(text ?? "");
  } catch {
    config = undefined;
  }
  if (typeof config !== "object" || config === null || Array.isArray(config)) return refuse("invalid_argument", "the configuration is no JSON object");
  const [known, others] = [true, false].map((is) => Object.keys(config).filter((key) => Object.hasOwn(takes, key) === is)) as [(keyof Options)[], string[]];
  for (const key of known) if (!takes[key]((config as Options)[key])) refuse("invalid_argument", `the configuration's ${shown(key)} does not take this value`);
  if (others.length > 0) ignored(others);
  return config as Options;
}

type Port = Manifest["inputs"][number];
interface Range {
  readonly min: number;
  readonly max: number;
  readonly step: number;
}
const holds = ({ min, max, step }: Range, extent: number): boolean => extent >= min && extent <= max && (extent - min) % step === 0;

/** The extents of a port. */
const rangesOf = ({ shape, dims }: Port, { symbols = [] }: Manifest): Range[] =>
  shape.map((max, i) => symbols.find(({ name }) => name === dims?.[i]) ?? { min: dims === undefined || dims[i] === `${max}` ? max : 0, max, step: 1 });

export interface TokenPorts {
  readonly tokens: number;
  readonly logits: number;
  readonly port: Port;
  readonly range: Range;
  readonly states: boolean;
}

function find(ports: readonly Port[], name: string | undefined, what: string, fits: (port: Port) => boolean): number {
  const [found, other] = [...ports.keys()].filter((i) => (name === undefined ? fits(ports[i]!) : ports[i]!.name === name));
  if (name === undefined && other !== undefined)
    refuse("unsupported_operation", `the model has more than one ${what}: ${shown(ports[found!]!.name)} and ${shown(ports[other]!.name)}; load_by_name_with_config says which`);
  if (name === undefined && found === undefined) refuse("unsupported_operation", `the model makes no tokens one by one: it has no ${what}; call compute and get_output`);
  if (found === undefined || !fits(ports[found]!)) return refuse("invalid_argument", `${shown(name!)} is no ${what} of the model`);
  return found;
}

/** Throws unsupported_operation for a model that makes no tokens, invalid_argument for ports that the options name wrongly. */
export function findTokenPorts(manifest: Manifest, options: TokenOptions): TokenPorts {
  const places = seen(manifest), ports = places.map((i) => manifest.inputs[i]!), states = ports.length < manifest.inputs.length;
  const tokens = find(ports, options.tokens, "input of tokens", (port) => {
    const ranges = rangesOf(port, manifest), count = ranges.pop();
    return /^i(64|32)$/.test(port.dtype) && count !== undefined && ranges.every((range) => holds(range, 1)) && (states ? holds(count, 1) : count.max > count.min && count.step === 1);
  });
  const logits = find(manifest.outputs, options.logits, "output of scores", (port) => {
    const last = rangesOf(port, manifest).pop();
    return port.dtype === "f32" && last !== undefined && last.min === last.max && last.max > 0;
  });
  return { tokens, logits, port: ports[tokens]!, range: rangesOf(ports[tokens]!, manifest).pop()!, states };
}

/** exp(x) for -40 <= x <= 0, of operations that are rounded alike everywhere. */
function exponential(x: number): number {
  let sum = 1;
  for (let k = 9; k > 0; --k) sum = 1 + (sum * (x / 256)) / k;
  for (let i = 0; i < 8; ++i) sum *= sum;
  return sum;
}

/** Chooses tokens by their scores, by random numbers from a seed where the temperature is not 0. */
export function sampler({ temp = 0, "top-k": top = 0, seed = 0 }: TokenOptions): (scores: Float32Array) => number {
  let state = Number(BigInt.asIntN(32, BigInt(seed)));
  const random = (): number => {
    state = (state + 0x9e3779b9) | 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return ((z ^ (z >>> 15)) >>> 0) / 2 ** 32;
  };
  return (scores) => {
    let from = [...scores.keys()].filter((i) => scores[i] === scores[i]);
    const at = (i: number): number => scores[i]!;
    const best = from.reduce((best, i) => (at(i) > at(best) ? i : best), from[0] ?? refuse("runtime_error", "no token has a score that is a number"));
    if (temp === 0 || Math.abs(at(best)) === Infinity) return best;
    if (top > 0 && top < from.length) from = from.sort((a, b) => (at(a) === at(b) ? a - b : at(a) > at(b) ? -1 : 1)).slice(0, top);
    const weights = from.map((i) => (at(i) - at(best)) / temp).map((x) => (x < -40 ? 0 : exponential(x)));
    const wanted = random() * weights.reduce((sum, weight) => sum + weight, 0);
    let sum = 0;
    return from.find((_, i) => wanted < (sum += weights[i]!)) ?? best;
  };
}

export class TokenLoop {
  readonly ports: TokenPorts;
  readonly #options: TokenOptions;
  #choose: (scores: Float32Array) => number;
  #pending = new Uint8Array();
  #token: Uint8Array | undefined;
  #made = 0;
  #inPrompt = false;
  #ended = false;

  constructor(ports: TokenPorts, options: TokenOptions) {
    this.ports = ports;
    this.#options = options;
    this.#choose = sampler(options);
  }

  get #size(): number {
    return this.ports.port.dtype === "i64" ? 8 : 4;
  }

  /** Whether the tensor is a prompt, though longer than what a run takes. */
  takesInPieces({ dtype, dims, data }: Tensor): boolean {
    const { states, port, range } = this.ports, count = dims[dims.length - 1]!;
    return states && dims.length === port.shape.length && carries(dtype, port.dtype) && dims.slice(0, -1).every((extent) => extent === 1) && count > range.max && data.length === count * this.#size;
  }

  /** What is to be run next; none: what was set is run by others. */
  begin(ids: Uint8Array): void {
    this.#pending = ids.slice();
    this.#token = undefined;
    this.#made = 0;
    this.#inPrompt = true;
    this.#ended = false;
  }

  reset(): void {
    this.begin(new Uint8Array());
    this.#choose = sampler(this.#options);
  }

  #end(text: string): never {
    this.#ended = true;
    this.#token = undefined;
    return refuse("end_of_sequence", text);
  }

  #feed(instance: Instance, count: number): void {
    const { tokens, port } = this.ports;
    instance.setInput(tokens, { dtype: port.dtype, dims: [...port.shape.slice(1).fill(1), count], data: this.#pending.subarray(0, count * this.#size) });
    try {
      instance.compute();
    } finally {
      instance.unset(tokens);
    }
  }

  #run(instance: Instance): void {
    const { states, range } = this.ports, left = (): number => this.#pending.length / this.#size;
    if (!states) {
      if (!holds(range, left())) refuse("context_full", `the model takes at most ${range.max} tokens`);
      return this.#feed(instance, left());
    }
    while (left() > 0) {
      let piece = Math.min(left(), range.max);
      while (!holds(range, piece)) --piece; // one token is held
      this.#feed(instance, piece);
      this.#pending = this.#pending.slice(piece * this.#size);
    }
  }

  step(instance: Instance): void {
    const { end, "n-predict": most = -1 } = this.#options;
    if (this.#ended) this.#end("the sequence has ended");
    if (most >= 0 && this.#made >= most) this.#end(`${this.#made} tokens were made`);
    if (this.#pending.length === 0) refuse("invalid_argument", "no prompt is set");
    this.#token = undefined;
    try {
      this.#run(instance);
    } catch (error) {
      throw this.#inPrompt && error instanceof NnError && error.code === "context_full" ? new NnError("prompt_too_long", error.message, error) : error;
    }
    this.#inPrompt = false;
    const { dims, data } = instance.output(this.ports.logits), vocabulary = dims[dims.length - 1]!;
    if (data.length < 4 * vocabulary) refuse("runtime_error", "the model gave no scores");
    const token = this.#choose(new Float32Array(data.slice(-4 * vocabulary).buffer));
    if ([end ?? []].flat().includes(token)) this.#end(`token ${token} ends the sequence`);
    this.#token = new Uint8Array(this.#size);
    new DataView(this.#token.buffer).setUint32(0, token, true);
    this.#pending = new Uint8Array([...this.#pending, ...this.#token]);
    ++this.#made;
  }

  token(): Uint8Array {
    return this.#token ?? refuse("runtime_error", "there is no token: no compute_single() made one");
  }
}
