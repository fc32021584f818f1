// The cases: a guest, its argument, and what a host must have for it.
const of = (guest, names, needs = []) => names.map((name) => ({ name: `${guest} ${name}`, guest, args: [name], needs }));

export const CASES = [
  ...of("types", ["f16", "f32", "f64", "u8", "i32", "i64"]),
  ...of("types", ["boolean", "i8", "i16", "u16", "u32", "u64"], ["carried-types"]),
  ...of("run", ["ports", "weights", "again", "many", "grow"]),
  ...of("run", ["batch", "unnamed", "agree"], ["open-extents"]),
  ...of("run", ["autodetect"], ["autodetect"]),
  ...of("errors", ["encodings", "damaged", "targets", "operators", "parts", "handles", "order", "buffer", "range"]),
  ...of("errors", ["inputs", "types", "kept"], ["early-inputs"]),
  ...of("errors", ["gpu"], ["no-gpu"]),
  ...of("hostile", ["builders", "tensors", "outputs", "overlaps", "flood"]),
  ...of("named", ["found", "missing", "hostile"], ["names"]),
  ...of("named", ["refused"], ["names", "broken-names"]),
  ...of("lifetimes", ["unload", "finalize", "reuse", "single"], ["wasmedge"]),
  ...of("lifetimes", ["cycles", "config"], ["wasmedge", "names"]),
  ...of("tokens", ["best", "drawn", "pieces", "ends", "mixed", "configurations"], ["wasmedge", "tokens", "states"]),
  ...of("tokens", ["rereader"], ["wasmedge", "tokens", "open-extents"]),
  { name: "bytes", guest: "bytes", args: [], needs: ["names"] },
];

// Guests for components. `model`: the one that a case takes by its name, where it needs no other.
const ofModel = (guest, names, model, needs = []) => of(guest, names, needs).map((each) => ({ ...each, model }));
const types = ["f16", "f32", "f64", "bf16", "u8", "i32", "i64"], carried = ["boolean", "i8", "i16", "u16", "u32", "u64"];

export const WIT_CASES = [
  ...types.flatMap((type) => ofModel("types", [type], `type-${type}`)),
  ...carried.flatMap((type) => ofModel("types", [type], `type-${type}`, ["carried-types"])),
  ...ofModel("run", ["ports"], "ports"),
  ...ofModel("run", ["weights"], "linear"),
  ...ofModel("run", ["again", "chain", "many"], "double"),
  ...ofModel("run", ["batch"], "batch", ["open-extents"]),
  ...ofModel("run", ["agree"], "agree", ["open-extents"]),
  ...of("run", ["autodetect"], ["load", "autodetect"]),
  ...ofModel("tensors", ["made", "cycles", "taken", "outlive"], "double"),
  ...of("errors", ["encodings", "damaged", "targets", "operators", "parts"], ["load"]),
  ...of("errors", ["gpu"], ["load", "no-gpu"]),
  ...ofModel("errors", ["names", "inputs", "contexts", "kept"], "double"),
  ...ofModel("errors", ["range"], "lookup"),
  ...ofModel("lifetimes", ["graph"], "double"),
  ...ofModel("lifetimes", ["cycles"], "double", ["a-name"]),
  ...of("lifetimes", ["loads"], ["load"]),
  ...of("named", ["found"], ["names"]),
  ...ofModel("named", ["missing"], "double"),
  ...of("named", ["refused"], ["names", "broken-names"]),
];

/** What load_by_name finds: a name, and which of the models; and what only hosts have that start with a model that cannot be compiled. */
export const NAMED = { double: "double", alias: "double", "type-u8": "type-u8", "type-i32": "type-i32", "type-f64": "type-f64" };
export const BROKEN = { unsupported: "unsupported" };
/** And the bundles that hosts of weft's take: a name, the model and how it is compiled. */
export const BUNDLES = { decoder: { model: "decoder", options: ["--dim", "seq=1..8", "--dim", "past=0..40", "--state", "present.*=past.*"] } };
