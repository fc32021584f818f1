/** What a model is compiled with; as `weft compile --help` says. */
export interface CompileOptions {
  /** Of the model; "model" where it is not given. */
  readonly name?: string;
  /** Input name -> its elements, or one for all: then it is no input any more, and branches on it are decided. */
  readonly constants?: Readonly<Record<string, number | readonly number[]>>;
  /** Input name -> its shape. */
  readonly shapes?: Readonly<Record<string, readonly number[]>>;
  /** Symbolic dimension -> its extent. */
  readonly dims?: Readonly<Record<string, number>>;
  readonly variants?: readonly ("scalar" | "simd128" | "relaxed")[];
  readonly target?: "wasm" | "webgpu";
  readonly optimize?: "speed" | "memory";
  readonly weights?: "f32" | "f16" | "q8";
  readonly int64?: "bigint" | "number";
  readonly deterministic?: boolean;
  /** Adds index.html, which loads, runs and shows the model. */
  readonly html?: boolean;
  readonly debugNames?: boolean;
  readonly profileInfo?: boolean;
  /** External data of the model: its path in the model -> its bytes. */
  readonly external?: Readonly<Record<string, ArrayBuffer | ArrayBufferView>>;
}

export interface CompiledBundle {
  /** File name -> contents; the weights refer to the model's bytes where they are unchanged. */
  readonly files: Map<string, Blob>;
  /** model.json. */
  readonly manifest: Record<string, unknown>;
  /** What `weft compile --json` prints. */
  readonly report: { readonly files: readonly FileReport[]; readonly variants: readonly VariantReport[] };
}

export interface FileReport {
  readonly name: string;
  readonly variant: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Memory of one variant, in bytes. */
export interface VariantReport {
  readonly name: string;
  readonly code_bytes: number;
  readonly weights_bytes: number;
  readonly arena_bytes: number;
  readonly memory_bytes: number;
  readonly kernels: number;
  readonly calls: number;
}

/** A model that cannot be compiled. `kind` is that of weft's exit codes: "invalid-model", "unsupported", "invalid-argument", "not-found", "limit". */
export declare class CompileError extends Error {
  readonly kind: string;
  /** The model's node, or "". */
  readonly node: string;
}

export declare class Compiler {
  /** Compiles an ONNX model. Keeps the thread while it works: use a worker in a page. Rejects with CompileError. */
  compile(model: ArrayBuffer | ArrayBufferView, options?: CompileOptions): Promise<CompiledBundle>;
  /** What `weft inspect --json` prints: inputs, outputs, operators, memory, what cannot be compiled. */
  inspect(model: ArrayBuffer | ArrayBufferView, options?: Pick<CompileOptions, "shapes" | "dims" | "constants" | "external" | "name">): Promise<Record<string, unknown>>;
  /** Compiles without a promise: modules, weights and manifest, without hashes (`weft/wasi-nn`). Throws CompileError. */
  compileNow(model: ArrayBuffer | ArrayBufferView, options?: CompileOptions): { readonly files: Map<string, Uint8Array>; readonly manifest: Record<string, unknown> };
  inspectNow(model: ArrayBuffer | ArrayBufferView, options?: Pick<CompileOptions, "shapes" | "dims" | "external" | "name">): Record<string, unknown>;
}

/** Loads the compiler: from weft.wasm beside this module, or an address, a response, bytes or a module. */
export declare function createCompiler(source?: string | URL | Response | ArrayBuffer | ArrayBufferView | WebAssembly.Module): Promise<Compiler>;
