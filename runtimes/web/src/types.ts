/** Element types; a boolean is one byte, 0 or 1; a string is one of JavaScript. */
export type DType =
  | "f64" | "f32" | "f16" | "bf16"
  | "i64" | "i32" | "i16" | "i8"
  | "u64" | "u32" | "u16" | "u8"
  | "boolean" | "string";

export type TypedArray =
  | Float64Array | Float32Array
  | BigInt64Array | Int32Array | Int16Array | Int8Array
  | BigUint64Array | Uint32Array | Uint16Array | Uint8Array | Uint8ClampedArray;

/** 64-bit integers as numbers. */
export type Numbers = Float64Array | Int32Array | Uint32Array | readonly number[];

/** Strings in row-major order, or nested as their shape is. */
export type Strings = string | readonly Strings[];

/** An extent that the caller chooses at each run: min, min + step, … max. */
export interface Dimension {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly step: number;
}

/** A tensor's elements in row-major order, with its shape where it is to be checked, or its extents are to be chosen. */
export type TensorLike<A extends TypedArray | Strings = TypedArray | Strings> = A | { readonly data: A; readonly shape?: readonly number[] };

/** An input or output: f16 and bf16 are Uint16Array (bits), i64 is BigInt64Array, boolean is Uint8Array, string is an array of strings. */
export interface TensorInfo {
  readonly name: string;
  readonly dtype: DType;
  /** The greatest extents, where `dims` says that some may be smaller. */
  readonly shape: readonly number[];
  /** Extents as numbers, names of dimensions, and what is computed of them. */
  readonly dims?: readonly string[];
  /** This input, RGBA bytes, takes pictures too (`weft compile --preprocess image:…`, by the load of its model.js). */
  readonly picture?: PictureFitting;
  /** This input takes sound too, which becomes samples at this rate, in Hz. */
  readonly sample_rate?: number;
  /** What the elements of this output's last axis mean. */
  readonly labels?: readonly string[];
}

/** How a picture of any size becomes one of the input's, as CSS object-fit. */
export interface PictureFitting {
  readonly fit: "fill" | "cover" | "contain";
  /** With cover: what the shorter side becomes before the middle is cut out. */
  readonly side?: number;
  /** RGB of what the picture does not cover. */
  readonly pad: readonly number[];
}

/** An ImageBitmap, ImageData, canvas, VideoFrame, or an image or video that is loaded; or { data: RGBA bytes, width, height }. */
export type PictureSource =
  | { readonly width: number; readonly height: number; readonly data?: Uint8ClampedArray | Uint8Array }
  | { readonly displayWidth: number; readonly displayHeight: number };

/** An AudioBuffer, or samples with their rate. */
export type SoundSource =
  | { readonly sampleRate: number; readonly numberOfChannels: number; readonly length: number; getChannelData(channel: number): Float32Array }
  | { readonly sampleRate: number; readonly data: Float32Array };

export type VariantName = "scalar" | "simd128" | "relaxed";

export interface ModelInfo {
  readonly name: string;
  /** The compiler that made the bundle. */
  readonly generator: string;
  readonly abi: { readonly major: number; readonly minor: number };
  /** The code that runs, and why it was chosen. */
  readonly variant: VariantName;
  readonly variantReason: string;
  /** All memory that this instance holds: weights, arena, tables. With dimensions, the most that it may grow to. */
  readonly memoryBytes: number;
  readonly dimensions: readonly Dimension[];
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
}

/** What `describe` tells before anything large is downloaded. */
export interface Description extends ModelInfo {
  /** Of code and weights, before any compression by the server; undefined where the manifest does not list the files. */
  readonly downloadBytes: number | undefined;
  readonly weightsBytes: number;
}

export interface RunOptions {
  /** With a signal, a run gives way to the event loop every few milliseconds, and ends with the signal's reason when it is aborted. */
  readonly signal?: AbortSignal | undefined;
  /**
   * "copy" (default): the caller owns the outputs. "view": they lie in the model's memory, without a copy, until the next run begins or the
   * model is disposed of.
   */
  readonly outputs?: "copy" | "view" | undefined;
  /** For profiles: called after each statement of the program. Such a run keeps the thread to its end. */
  readonly onStatement?: ((statement: StatementTiming) => void) | undefined;
}

export interface StatementTiming {
  /** Its place in the program, from 0. */
  readonly index: number;
  readonly kind: "call" | "fill" | "copy" | "loop" | "custom";
  /** The model's node or nodes. */
  readonly node: string;
  /** As performance.now() tells. */
  readonly startMs: number;
  readonly endMs: number;
}

export interface Model<Inputs = Record<string, TensorLike>, Outputs = Record<string, TypedArray>> {
  readonly info: ModelInfo;
  /**
   * An input's place in the model's memory: written there and given to `run`, it is not copied. A run may overwrite it, so write all of
   * it before each. Good until the model is disposed of. Where the places of inputs depend on dimensions, an array of the greatest size.
   */
  input<Name extends keyof Inputs & string>(name: Name): Inputs[Name] extends TensorLike<infer Array> ? Array : TypedArray;
  /**
   * Runs the model once. The outputs are copies that the caller owns, unless options say otherwise. Runs of one instance wait for each other; instances are
   * independent.
   */
  run(inputs: Inputs, options?: RunOptions): Promise<Outputs>;
  /** Lets go of the memory. Runs that wait, and later ones, fail. */
  dispose(): void;
}

export interface Progress {
  /** Weights are packed while they are downloaded; "prepare" is what is left then. */
  readonly phase: "download" | "prepare" | "ready";
  /** Of code and weights, decoded. */
  readonly loadedBytes: number;
  readonly totalBytes: number;
}

/** Where one file comes from: an address (a string is one too), its bytes, a response, or a compiled module. */
export type FileSource = string | URL | Response | ArrayBuffer | ArrayBufferView | WebAssembly.Module;

/** A manifest that is already here, and its files by name. */
export interface Parts {
  readonly manifest: unknown;
  readonly files: Readonly<Record<string, FileSource>>;
}

/** model.json, its folder or a module (.wasm): by address, response or bytes; a compiled module; or the parts. */
export type Source = FileSource | Parts;

/** Keeps bytes by their SHA-256 (64 hexadecimal digits). What fails counts as not there; what it gives is checked. */
export interface ChunkCache {
  get(hash: string): Promise<ArrayBuffer | Uint8Array | undefined>;
  put(hash: string, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
}

export interface LoadOptions {
  /** "auto" (default) takes the fastest code that the engine can run. */
  readonly variant?: "auto" | VariantName | undefined;
  /**
   * 64-bit integers as BigInt64Array and BigUint64Array, or as numbers: inputs then may be arrays of safe integers, outputs are Float64Array,
   * and what is not a safe integer is an error. By default as the bundle was compiled (`--int64`).
   */
  readonly int64?: "bigint" | "number" | undefined;
  /** model.weights, where it is not beside the code. */
  readonly weights?: FileSource | undefined;
  /** In place of the global fetch: for caches, other transports. */
  readonly fetch?: ((url: string, init: RequestInit & { signal: AbortSignal }) => Promise<Response>) | undefined;
  /** Goes with every request: headers, credentials, cache, priority… */
  readonly request?: Omit<RequestInit, "signal"> | undefined;
  /**
   * How often a request is made again when there is no network or the server answers 408, 429 or 5xx (2 by default; with growing
   * pauses). Weights go on from the byte where they broke off.
   */
  readonly retries?: number | undefined;
  /**
   * Loads and runs in a worker, so that a page stays alive; inputs and outputs are copied. `true` with a bundle's model.js, whose
   * model.worker.js lies beside it; with the runtime alone, a function that starts weft.worker.js as a module worker.
   */
  readonly worker?: boolean | (() => object) | undefined;
  /**
   * Keeps the weights from one visit to the next, in chunks named by their hash: `true` in the Cache API, "opfs" in the origin private file
   * system, or in one of your own. What is cached is not asked for again, a download that broke off goes on. Without one (the default) the
   * browser's HTTP cache does what it does.
   */
  readonly cache?: boolean | "opfs" | ChunkCache | undefined;
  /** Checks all of the weights against the hashes of their compilation, not only the first and the last 4 MiB. Default: with `cache`. */
  readonly integrity?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** To use in place of a new one: not shared, large enough or able to grow, and used by nobody else while the model lives. It is cleared. */
  readonly memory?: WebAssembly.Memory | undefined;
}
