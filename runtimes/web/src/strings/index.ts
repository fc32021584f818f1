// Strings: what model.js has of models that take, make or give them. In the module's memory a string is an id; the table is here.
import { elements, kinds } from "../dtypes.js";
import { InputError, LoadError, RuntimeError } from "../errors.js";
import type { Manifest } from "../manifest.js";
import { recordBytes, type Machine } from "../model.js";
import type { DType, Model, RunOptions, TensorInfo, TensorLike, TypedArray } from "../types.js";
import { operations, type Operand, type Texts } from "./operations.js";

/** One of the manifest's `customs`. */
export interface Custom {
  readonly name: string;
  readonly arguments: readonly string[];
  readonly inputs: readonly { readonly dtype: DType; readonly rank: number }[];
  readonly output: { readonly dtype: DType; readonly rank: number };
}
/** Equal strings have equal ids; the model's own come first. */
class Table implements Texts {
  readonly #texts: string[] = [];
  readonly #ids = new Map<string, number>();

  id(text: string): number {
    const known = this.#ids.get(text);
    if (known !== undefined) return known;
    this.#ids.set(text, this.#texts.length);
    return this.#texts.push(text) - 1;
  }
  text(id: number): string {
    return this.#texts[id] ?? "";
  }
  get size(): number {
    return this.#texts.length;
  }
  /** Forgets all but the first. */
  truncate(size: number): void {
    for (const text of this.#texts.splice(size)) this.#ids.delete(text);
  }
}

const kindOf = (value: unknown): string => (value === null ? "null" : Array.isArray(value) ? "an array" : typeof value);

/** The elements of nested arrays, and their shape, which must be one. */
function flattened(name: string, value: unknown): { texts: string[]; shape: number[] } {
  const shape: number[] = [], texts: string[] = [];
  for (let at = value; Array.isArray(at); at = at[0] as unknown) shape.push(at.length);
  const visit = (item: unknown, depth: number): void => {
    if (depth < shape.length) {
      if (!Array.isArray(item) || item.length !== shape[depth]) throw new InputError("shape", `input "${name}": its rows differ in length`);
      item.forEach((inner) => visit(inner, depth + 1));
    } else if (typeof item !== "string") throw new InputError("dtype", `input "${name}": expected strings, got ${kindOf(item)}`);
    else texts.push(item);
  };
  visit(value, 0);
  return { texts, shape };
}

/** Ids, as the model wants an input of strings. */
function idsOf(info: TensorInfo, given: unknown, table: Table): TensorLike<Int32Array> {
  const wrapped = typeof given === "object" && given !== null && "data" in given ? (given as { data: unknown; shape?: readonly number[] }) : { data: given };
  if (typeof wrapped.data !== "string" && !Array.isArray(wrapped.data)) throw new InputError("dtype", `input "${info.name}": expected strings, got ${kindOf(wrapped.data)}`);
  const { texts, shape } = flattened(info.name, wrapped.data);
  const data = Int32Array.from(texts, (text) => table.id(text));
  if (wrapped.shape !== undefined) return { data, shape: wrapped.shape };
  // A flat list of a matrix's elements is one, as a typed array is.
  return shape.length === 1 && info.shape.length !== 1 ? data : { data, shape };
}

/** Lets the machine do custom statements; nothing for models without strings. `accept` is for the model once `prepare` has ended. */
export function stringsOf(manifest: Manifest, machine: Machine, context: number): { accept(model: Model): Model } | undefined {
  const { required_features: features = [], strings = [], customs = [] } = manifest;
  if (!features.includes("strings")) return undefined;
  // Modules go without the table.
  if (strings.length === 0) throw new LoadError("bad_source", "the module of a model with strings does not do alone: load its model.json");
  for (const { name } of customs)
    if (!Object.hasOwn(operations, name)) throw new LoadError("feature", `the bundle needs the operation "${name}", which this runtime does not have`);
  const table = new Table();
  for (const text of strings) table.id(text);

  /** The tensors of a custom statement: addresses and extents, one after the other. */
  function operands({ inputs, output }: Custom, params: number): Operand[] {
    const { buffer } = machine.memory;
    const words = new DataView(buffer);
    let at = params - 4;
    const word = (): number => words.getUint32((at += 4), true);
    return [...inputs, output].map(({ dtype, rank }) => {
      const address = word(), shape = Array.from({ length: rank }, word);
      return { data: kinds[dtype].make(buffer, address, elements(shape)), shape };
    });
  }

  machine.act = () => {
    const words = new DataView(machine.memory.buffer);
    const record = words.getUint32(context, true) - recordBytes;
    const word = (i: number): number => words.getUint32(record + 4 * i, true);
    const info = customs[word(1)]!, node = manifest.nodes[word(6)];
    const tensors = operands(info, word(2));
    const output = tensors.pop()!;
    try {
      operations[info.name]!(tensors, output, info.arguments, table);
    } catch (cause) {
      throw new RuntimeError("value", `node ${node}: ${(cause as Error).message}`, node);
    }
  };
  return {
    accept(model) {
      // What prepare made stays.
      const own = table.size;
      const run = model.run.bind(model), place = model.input.bind(model);
      const ports = manifest.inputs.filter(({ dtype }) => dtype === "string");
      let active = 0;
      const translated = async (inputs: Record<string, TensorLike>, options?: RunOptions): Promise<Record<string, TypedArray>> => {
        // Of what is not an object the model itself complains.
        if (typeof inputs !== "object" || inputs === null) return run(inputs, options);
        const ids: Record<string, TensorLike> = { ...inputs };
        for (const port of ports) if (Object.hasOwn(ids, port.name) && ids[port.name] !== undefined) ids[port.name] = idsOf(port, ids[port.name], table);
        const outputs = await run(ids, options);
        const entries = manifest.outputs.map(({ name, dtype }): [string, TypedArray] => {
          const output = outputs[name] as TypedArray & { shape: readonly number[] };
          if (dtype !== "string") return [name, output];
          const texts = Array.from(output as Int32Array, (id) => table.text(id));
          return [name, Object.defineProperty(texts, "shape", { value: output.shape }) as unknown as TypedArray];
        });
        return Object.fromEntries(entries);
      };
      const changed: Pick<Model, "run" | "input"> = {
        async run(inputs, options) {
          ++active;
          try {
            return await translated(inputs, options);
          } finally {
            // Until then, others may hold ids.
            if (--active === 0) table.truncate(own);
          }
        },
        input(name) {
          if (ports.some((port) => port.name === name)) throw new InputError("dtype", `input "${name}" is of strings, which do not lie in the model's memory: give them to run`);
          return place(name);
        },
      };
      return Object.assign(model, changed);
    },
  };
}
