// The cases: a guest, its argument, and what a host must have for it.
const of = (guest, names, needs = []) => names.map((name) => ({ name: `${guest} ${name}`, guest, args: [name], needs }));

export const CASES = [
  ...of("types", ["f16", "f32", "f64", "u8", "i32", "i64"]),
  ...of("types", ["boolean", "i8", "i16", "u16", "u32", "u64"], ["carried-types"]),
  ...of("run", ["ports", "weights", "again", "many", "grow"]),
  ...of("run", ["batch", "unnamed", "agree"], ["open-extents"]),
  ...of("run", ["autodetect"], ["autodetect"]),
  ...of("errors", ["encodings", "damaged", "targets", "operators", "parts", "handles", "inputs", "kept", "order", "buffer", "range"]),
  ...of("errors", ["gpu"], ["no-gpu"]),
  ...of("hostile", ["builders", "tensors", "outputs", "overlaps", "flood"]),
  ...of("named", ["found", "missing", "hostile"], ["names"]),
  ...of("named", ["refused"], ["names", "broken-names"]),
  ...of("lifetimes", ["unload", "finalize", "reuse", "single"], ["wasmedge"]),
  ...of("lifetimes", ["cycles", "config"], ["wasmedge", "names"]),
  { name: "bytes", guest: "bytes", args: [], needs: ["names"] },
];

/** What load_by_name finds: a name, and which of the models; and what only hosts have that start with a model that cannot be compiled. */
export const NAMED = { double: "double", alias: "double", "type-u8": "type-u8", "type-i32": "type-i32", "type-f64": "type-f64" };
export const BROKEN = { unsupported: "unsupported" };
