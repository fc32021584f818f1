export { describe, load, supportedVariants } from "./load.js";
export { InputError, LoadError, RuntimeError, WeftError } from "./errors.js";
export type * from "./types.js";
