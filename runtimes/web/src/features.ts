import type { VariantName } from "./types.js";

const header = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 5, 1, 0x60, 0, 1, 0x7b, 3, 2, 1, 0];
// One function of type [] -> [v128]: i8x16.popcnt, which engines got last; i8x16.relaxed_swizzle.
const probes: Readonly<Record<VariantName, readonly number[]>> = {
  relaxed: [...header, 10, 15, 1, 13, 0, 0x41, 1, 0xfd, 15, 0x41, 2, 0xfd, 15, 0xfd, 0x80, 2, 11],
  simd128: [...header, 10, 10, 1, 8, 0, 0x41, 0, 0xfd, 15, 0xfd, 98, 11],
  scalar: [...header.slice(0, 8)],
};

/** Best first. */
export const variantNames = ["relaxed", "simd128", "scalar"] as const;
export const featureOf: Readonly<Record<VariantName, string>> = {
  relaxed: "relaxed SIMD",
  simd128: "SIMD",
  scalar: "WebAssembly",
};

export const supports = (name: VariantName): boolean => WebAssembly.validate(new Uint8Array(probes[name]));
