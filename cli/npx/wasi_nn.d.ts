import type { Compiler } from "./compiler.js";

/** Which models a guest finds by name: their bytes (ONNX), an address (an .onnx file, or a bundle's folder or model.json), or the files of a bundle. */
export type NamedModel =
  | ArrayBuffer
  | ArrayBufferView
  | string
  | URL
  | {
      readonly manifest: unknown;
      readonly files: ReadonlyMap<string, ArrayBuffer | ArrayBufferView | Blob | URL> | Readonly<Record<string, ArrayBuffer | ArrayBufferView | Blob | URL>>;
    };

export interface WasiNnLimits {
  readonly graphs: number;
  readonly contexts: number;
  /** Of the parts of the models that are loaded, and of the memory of the contexts. */
  readonly bytes: number;
  readonly parts: number;
  readonly nameBytes: number;
  readonly configBytes: number;
}

export interface GuestOptions {
  /** The guest's memory, where it imports one; else bind(instance). */
  readonly memory?: WebAssembly.Memory;
  /** Gets a line for each call that fails, with the reason. */
  readonly log?: (text: string) => void;
  /** How much a guest may have at a time: beyond it, missing_memory. */
  readonly limits?: Partial<WasiNnLimits>;
}

export interface WasiNnOptions extends GuestOptions {
  /** A name is never a path: what is not here is not found. */
  readonly models?: Readonly<Record<string, NamedModel>>;
  /** weft's compiler, or false: then only bundles can be loaded. */
  readonly compiler?: Compiler | false;
}

export interface WasiNn {
  /** What the guest imports, beside WASI. */
  readonly imports: { readonly wasi_ephemeral_nn: Record<string, (...parameters: number[]) => number> };
  /** Before the guest starts: its memory is what it exports as "memory". */
  bind(instance: WebAssembly.Instance): void;
}

/** Starts the compiler and fetches the models. The result serves one guest; `guest` makes more, which share models and compiled code, and nothing else. */
export declare function wasiNN(options?: WasiNnOptions): Promise<WasiNn & { guest(options?: GuestOptions): WasiNn }>;
