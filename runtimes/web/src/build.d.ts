/** Set by tools/build-runtime: whether this runtime is for models with strings too (src/strings). */
declare const STRINGS: boolean;
