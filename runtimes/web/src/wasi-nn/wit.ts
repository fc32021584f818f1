import { NnError, refuse, shown, type Code } from "./errors.js";
import { seen } from "./machine.js";
import { settings, share, type GuestOptions, type HostOptions } from "./options.js";
import { Session } from "./session.js";
import { carrier } from "./types.js";
import type { DType } from "../types.js";

export type { SynchronousCompiler } from "./models.js";
export type { NamedModel } from "./options.js";

// The interface wasi:nn@0.2.0-rc-2024-10-28 for components that jco has translated: the twin of runtimes/nn/wit.cpp, in which the rules stand.

const encodings = ["openvino", "onnx", "tensorflow", "pytorch", "tensorflowlite", "ggml", "autodetect"] as const;
const targets = ["cpu", "gpu", "tpu"] as const;
const tensorTypes = { FP16: "f16", FP32: "f32", FP64: "f64", BF16: "bf16", U8: "u8", I32: "i32", I64: "i64" } as const satisfies Record<string, DType>;
const errorCodes = {
  invalid_argument: "invalid-argument",
  invalid_encoding: "invalid-encoding",
  missing_memory: "too-large",
  busy: "runtime-error",
  runtime_error: "runtime-error",
  unsupported_operation: "unsupported-operation",
  too_large: "too-large",
  not_found: "not-found",
  end_of_sequence: "runtime-error",
  context_full: "too-large",
  prompt_too_long: "too-large",
} as const satisfies Record<Code, string>;

export type TensorType = keyof typeof tensorTypes;
export type ErrorCode = (typeof errorCodes)[Code] | "timeout" | "security" | "unknown";
export type GraphEncoding = (typeof encodings)[number];
export type ExecutionTarget = (typeof targets)[number];

const typeOf = (dtype: DType): TensorType => {
  const named = dtype === "bf16" ? dtype : carrier(dtype);
  return (Object.keys(tensorTypes) as TensorType[]).find((type) => tensorTypes[type] === named)!;
};

// What jco calls where there is no such symbol yet.
const dispose: unique symbol = ((Symbol as { dispose?: symbol }).dispose ?? Symbol.for("dispose")) as never;

/** The resource error. */
class NnResourceError {
  readonly #code: ErrorCode;
  readonly #data: string;
  constructor(code: ErrorCode, data: string) {
    this.#code = code;
    this.#data = data;
  }
  code(): ErrorCode {
    return this.#code;
  }
  data(): string {
    return this.#data;
  }
}

/** What jco takes for the error of a result: anything else that is thrown is a trap. */
class ComponentError extends Error {
  override name = "ComponentError";
  readonly payload: NnResourceError;
  constructor({ code, message }: NnError) {
    super(`${errorCodes[code]}: ${message}`);
    this.payload = new NnResourceError(errorCodes[code], message);
  }
}

interface TensorResource {
  dimensions(): Uint32Array;
  ty(): TensorType;
  data(): Uint8Array;
}
interface ContextResource {
  /** Takes the tensors of its inputs: they are the host's from here on. */
  compute(inputs: readonly (readonly [string, TensorResource])[]): [string, TensorResource][];
}
interface GraphResource {
  initExecutionContext(): ContextResource;
}
/** By interface of the package wasi:nn. */
export interface Interfaces {
  readonly tensor: { readonly Tensor: new (dimensions: Uint32Array, type: TensorType, data: Uint8Array) => TensorResource };
  readonly graph: {
    readonly Graph: abstract new (...parameters: never[]) => GraphResource;
    readonly load: (parts: readonly Uint8Array[], encoding: GraphEncoding, target: ExecutionTarget) => GraphResource;
    readonly loadByName: (name: string) => GraphResource;
  };
  readonly inference: { readonly GraphExecutionContext: abstract new (...parameters: never[]) => ContextResource };
  readonly errors: { readonly Error: abstract new (...parameters: never[]) => NnResourceError };
}

/** The classes and functions of one guest, whose resources are nobody else's. */
function interfaces(session: Session): Interfaces {
  /** A call whose result may be an error. */
  const result = <T>(name: string, body: () => T): T => {
    try {
      return session.call(name, body);
    } catch (error) {
      throw error instanceof NnError ? new ComponentError(error) : error;
    }
  };

  let tensors = 0;
  const take = (bytes: number): number => {
    if (tensors >= session.limits.tensors) refuse("missing_memory", `a guest may have ${session.limits.tensors} tensors`);
    session.charge(bytes);
    ++tensors;
    return bytes;
  };

  /** Never changed: the bytes are its own. */
  class Tensor {
    readonly #dimensions: Uint32Array;
    readonly #type: TensorType;
    readonly #data: Uint8Array;
    #charged: number;

    /** It takes any dimensions with any data. Beyond the limits it throws, which is a trap: no error can come of a constructor. */
    constructor(dimensions: Uint32Array, type: TensorType, data: Uint8Array, charged = session.call("tensor", () => take(dimensions.byteLength + data.length))) {
      this.#dimensions = dimensions;
      this.#type = type;
      this.#data = data;
      this.#charged = charged;
    }
    dimensions(): Uint32Array {
      return this.#dimensions;
    }
    ty(): TensorType {
      return this.#type;
    }
    data(): Uint8Array {
      return this.#data;
    }
    [dispose](): void {
      if (this.#charged < 0) return;
      session.charge(-this.#charged);
      this.#charged = -1;
      --tensors;
    }
  }

  const drop = (body: () => void): void => {
    try {
      body();
    } catch (error) {
      // It was dropped before.
      if (!(error instanceof NnError)) throw error;
    }
  };

  class Graph {
    readonly #handle: number;
    constructor(handle: number) {
      this.#handle = handle;
    }
    initExecutionContext(): GraphExecutionContext {
      return new GraphExecutionContext(result("init-execution-context", () => session.init(this.#handle)));
    }
    [dispose](): void {
      drop(() => session.release(this.#handle));
    }
  }

  class GraphExecutionContext {
    readonly #handle: number;
    constructor(handle: number) {
      this.#handle = handle;
    }
    /** The tensors of the inputs are the host's from here on. */
    compute(inputs: readonly (readonly [string, Tensor])[]): [string, Tensor][] {
      try {
        return result("compute", () => this.#compute(inputs));
      } finally {
        for (const [, tensor] of inputs) tensor[dispose]();
      }
    }

    #compute(inputs: readonly (readonly [string, Tensor])[]): [string, Tensor][] {
      const { graph: { model: { manifest } }, instance } = session.usable(this.#handle);
      const names = seen(manifest).map((i) => manifest.inputs[i]!.name);
      // All names are looked at before any tensor is.
      const given = new Map<number, Tensor>();
      for (const [name, tensor] of inputs) {
        const index = findPort(names, name);
        if (given.has(index)) refuse("invalid_argument", `input ${shown(names[index]!)} is given twice`);
        given.set(index, tensor);
      }
      names.forEach((name, i) => given.has(i) || refuse("invalid_argument", `input ${shown(name)} is not given`));
      names.forEach((_, i) => {
        const tensor = given.get(i)!;
        instance.setInput(i, { dtype: tensorTypes[tensor.ty()], dims: [...tensor.dimensions()], data: tensor.data() });
      });
      instance.compute();
      const outputs: [string, Tensor][] = [];
      try {
        manifest.outputs.forEach(({ name }, i) => {
          const { dtype, dims, data } = instance.output(i);
          const charged = take(4 * dims.length + data.length);
          outputs.push([name, new Tensor(Uint32Array.from(dims), typeOf(dtype), data.slice(), charged)]);
        });
      } catch (error) {
        for (const [, tensor] of outputs) tensor[dispose]();
        throw error;
      }
      return outputs;
    }
    [dispose](): void {
      drop(() => session.finalize(this.#handle));
    }
  }

  const graph: Interfaces["graph"] = {
    Graph,
    load: (parts, encoding, target) =>
      new Graph(result("load", () => session.load(parts, encodings.indexOf(encoding), targets.indexOf(target)))),
    loadByName: (name) => new Graph(result("load-by-name", () => session.loadByName(name))),
  };
  return { tensor: { Tensor }, graph, inference: { GraphExecutionContext } as Interfaces["inference"], errors: { Error: NnResourceError } };
}

/** By name, or by index in decimal where no port is called so. */
function findPort(names: readonly string[], name: string): number {
  const named = names.indexOf(name), index = named < 0 && /^\d+$/.test(name) ? Number(name) : named;
  return index >= 0 && index < names.length ? index : refuse("invalid_argument", `the model has no input ${shown(name)}`);
}

export interface WasiNn extends Interfaces {
  /** What `instantiate` of a translated component takes, beside WASI. */
  readonly imports: { readonly [name in keyof Interfaces as `wasi:nn/${name}`]: Interfaces[name] };
}

/** The models of a host, which any number of guests may share: each of them has graphs, contexts and tensors of its own. */
export async function makeHost(options: HostOptions = {}): Promise<WasiNn & { guest(more?: GuestOptions): WasiNn }> {
  const shared = await share(options);
  const guest = (more: GuestOptions = {}): WasiNn => {
    const all = interfaces(new Session(shared, ...settings(options, more)));
    return { ...all, imports: Object.fromEntries(Object.entries(all).map(([name, value]) => [`wasi:nn/${name}`, value])) as unknown as WasiNn["imports"] };
  };
  return { ...guest(), guest };
}
