export { describe, load, supportedVariants } from "./load.js";
export { nodeWorker } from "./remote.js";
export { serve } from "./serve.js";
export { InputError, LoadError, RuntimeError, WeftError } from "./errors.js";
export type * from "./types.js";
