import type { NamedModel, WasiNnLimits } from "./wasi_nn.js";
import type { Compiler } from "./compiler.js";

// wasi:nn@0.2.0-rc-2024-10-28 as jco translates it.
export type TensorType = "FP16" | "FP32" | "FP64" | "BF16" | "U8" | "I32" | "I64";
export type GraphEncoding = "openvino" | "onnx" | "tensorflow" | "pytorch" | "tensorflowlite" | "ggml" | "autodetect";
export type ExecutionTarget = "cpu" | "gpu" | "tpu";
export type ErrorCode = "invalid-argument" | "invalid-encoding" | "timeout" | "runtime-error" | "unsupported-operation" | "too-large" | "not-found" | "security" | "unknown";

/** Resources: jco disposes of them, by Symbol.dispose or where there is none Symbol.for("dispose"). */
export interface Tensor {
  dimensions(): Uint32Array;
  ty(): TensorType;
  /** The bytes themselves, which nobody may change. */
  data(): Uint8Array;
}
export interface NnError {
  code(): ErrorCode;
  data(): string;
}
export interface GraphExecutionContext {
  /** Every input once, by name or by index in decimal; all outputs, in the model's order. The inputs' tensors are disposed of. Throws { payload: NnError }. */
  compute(inputs: readonly (readonly [string, Tensor])[]): [string, Tensor][];
}
export interface Graph {
  initExecutionContext(): GraphExecutionContext;
}

export interface Interfaces {
  readonly tensor: { readonly Tensor: new (dimensions: Uint32Array, type: TensorType, data: Uint8Array) => Tensor };
  readonly graph: {
    readonly Graph: abstract new (...parameters: never[]) => Graph;
    /** Throws { payload: NnError }, and so does loadByName. */
    load(parts: readonly Uint8Array[], encoding: GraphEncoding, target: ExecutionTarget): Graph;
    loadByName(name: string): Graph;
  };
  readonly inference: { readonly GraphExecutionContext: abstract new (...parameters: never[]) => GraphExecutionContext };
  readonly errors: { readonly Error: abstract new (...parameters: never[]) => NnError };
}

export interface WasiNn extends Interfaces {
  /** What `instantiate` of a translated component takes, beside WASI: "wasi:nn/tensor" and so on. */
  readonly imports: { readonly [name in keyof Interfaces as `wasi:nn/${name}`]: Interfaces[name] };
}

export interface GuestOptions {
  /** Gets a line for each call that fails, with the reason. */
  readonly log?: (text: string) => void;
  /** How much a guest may have at a time. Beyond it calls fail with too-large; a tensor's constructor cannot, and traps. */
  readonly limits?: Partial<WasiNnLimits & { readonly tensors: number }>;
}

export interface WasiNnOptions extends GuestOptions {
  /** A name is never a path: what is not here is not found. */
  readonly models?: Readonly<Record<string, NamedModel>>;
  /** weft's compiler, or false: then only bundles can be loaded. */
  readonly compiler?: Compiler | false;
}

/** Starts the compiler and fetches the models. The result serves one guest; `guest` makes more, which share models and compiled code, and nothing else. */
export declare function wasiNN(options?: WasiNnOptions): Promise<WasiNn & { guest(options?: GuestOptions): WasiNn }>;
