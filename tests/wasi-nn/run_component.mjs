// Runs a component that jco has translated, a program of WASI (wasi:cli/run), in Node and in browsers.

function wasiImports({ cli, clocks, filesystem, io, random }, { args, env, files, write }) {
  const stream = { write, blockingFlush() {}, flush() {} };
  const own = cli.createCli({ arguments: args, environment: env, stdout: stream, stderr: stream });
  const folders = Object.fromEntries(Object.entries(files).map(([folder, names]) => [folder, { dir: Object.fromEntries(Object.entries(names).map(([name, source]) => [name, { source }])) }]));
  const { preopens, types } = filesystem.createFilesystem({ adapter: new filesystem.InMemoryFilesystemAdapter(), preopens: folders });
  const kebab = (name) => name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`);
  const packages = { cli: own, clocks, filesystem: { preopens, types }, io, random };
  return Object.fromEntries(Object.entries(packages).flatMap(([name, interfaces]) => Object.entries(interfaces).map(([inner, value]) => [`wasi:${name}/${kebab(inner)}`, value])));
}

/**
 * `instantiate` of the translation, `load` a core module of it by name, `shim` @bytecodealliance/preview2-shim as for browsers, which lets each program have
 * streams and files of its own. `files`: guest folder -> name -> bytes; `imports`: what it imports beside WASI, by interface, "wasi:nn/tensor" say;
 * `write` is called with what it prints, as it comes. Returns { code, output }; a trap throws.
 */
export function runComponent({ instantiate, load, shim }, { args = [], env = {}, files = {}, imports = {}, write = () => {} } = {}) {
  const decoder = new TextDecoder();
  let output = "", code = 0;
  const print = (bytes) => {
    const text = decoder.decode(bytes, { stream: true });
    output += text;
    write(text);
  };
  const wasi = wasiImports(shim, { args, env, files, write: print });
  try {
    const instance = instantiate(load, { ...wasi, ...imports });
    const run = Object.entries(instance).find(([name]) => /^wasi:cli\/run(@|$)/.test(name))?.[1] ?? instance.run;
    run.run();
  } catch (error) {
    // exit(), and what run() itself returns.
    if (error?.exitError) code = error.code;
    else if (error?.payload !== undefined || error === undefined) code = 1;
    else throw Object.assign(error, { output });
  }
  return { code, output };
}
