// Runs what `weft compile --target webgpu` writes: a walker over the program's statements, in Node (npm webgpu) and in pages.
// A test's vehicle, no runtime: nothing here is shipped.

const MAX_GROUPS = 65535; // of a dispatch, per dimension
const UNIFORM_STEP = 256; // dynamic offsets of uniforms are multiples of it
const STATEMENTS_A_SUBMIT = 16; // a software GPU is slow: short submissions keep watchdogs quiet

const align = (value, step) => Math.ceil(value / step) * step;

/** A device of the adapter with its whole limits. Refuses an adapter that computes nothing (Dawn's Null backend). */
export async function openDevice(gpu) {
  const adapter = await gpu.requestAdapter();
  if (!adapter) throw new Error("there is no WebGPU adapter");
  const { maxStorageBufferBindingSize, maxBufferSize } = adapter.limits;
  const device = await adapter.requestDevice({ requiredLimits: { maxStorageBufferBindingSize, maxBufferSize } });
  const { vendor, architecture, description } = adapter.info;
  const name = [vendor, architecture, description].filter(Boolean).join(" ");
  const answer = await probe(device);
  if (answer !== 42) throw new Error(`the WebGPU adapter "${name}" does not compute: it gives ${answer}, not 42`);
  return { device, name };
}

/** What a kernel computes from 41. */
async function probe(device) {
  const code = "@group(0) @binding(0) var<storage, read_write> x: array<u32>; @compute @workgroup_size(1) fn main() { x[0] = x[0] + 1u; }";
  const pipeline = device.createComputePipeline({ layout: "auto", compute: { module: device.createShaderModule({ code }), entryPoint: "main" } });
  const buffer = device.createBuffer({ size: 4, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC });
  device.queue.writeBuffer(buffer, 0, Uint32Array.of(41));
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries: [{ binding: 0, resource: { buffer } }] }));
  pass.dispatchWorkgroups(1);
  pass.end();
  device.queue.submit([encoder.finish()]);
  return new Uint32Array(await read(device, buffer, 0, 4))[0];
}

async function read(device, buffer, address, bytes) {
  const staging = device.createBuffer({ size: align(bytes, 4), usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  const encoder = device.createCommandEncoder();
  encoder.copyBufferToBuffer(buffer, address, staging, 0, align(bytes, 4));
  device.queue.submit([encoder.finish()]);
  await staging.mapAsync(GPUMapMode.READ);
  const copy = staging.getMappedRange().slice(0, bytes);
  staging.destroy();
  return copy;
}

/** Throws what `body` made the device complain about. */
async function checked(device, body) {
  for (const filter of ["validation", "out-of-memory", "internal"]) device.pushErrorScope(filter);
  let result, thrown;
  try {
    result = await body();
  } catch (error) {
    thrown = error;
  }
  const errors = [await device.popErrorScope(), await device.popErrorScope(), await device.popErrorScope()].filter(Boolean);
  if (errors.length) throw new Error(errors.map(({ message }) => message).join("\n"));
  if (thrown) throw thrown;
  return result;
}

/** The entries' calls with a uniform each; calls of more blocks than a dispatch takes become several. */
function layOutUniforms(program) {
  const uniforms = [];
  for (const statements of Object.values(program.entries))
    for (const statement of statements) {
      if (statement.call === undefined) continue;
      statement.dispatches = [];
      for (let begin = 0; begin < statement.blocks; begin += MAX_GROUPS) {
        const end = Math.min(statement.blocks, begin + MAX_GROUPS);
        statement.dispatches.push({ groups: end - begin, uniform: UNIFORM_STEP * uniforms.length });
        uniforms.push([begin, end, ...statement.buffers]);
      }
    }
  const words = new Uint32Array((UNIFORM_STEP / 4) * Math.max(1, uniforms.length));
  uniforms.forEach((params, i) => words.set(params, (UNIFORM_STEP / 4) * i));
  return words;
}

class Walker {
  constructor(device, program, wgsl) {
    Object.assign(this, { device, program, wgsl });
  }

  async build() {
    const { device, program, wgsl } = this;
    this.memory = device.createBuffer({
      size: align(program.memory, 4), usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC,
    });
    // WebGPU's memory starts at 0, which hides reads of what nothing wrote; NaNs show them.
    const poison = new Uint32Array(align(program.memory, 4) / 4).fill(0xffffffff);
    device.queue.writeBuffer(this.memory, 0, poison);
    const words = layOutUniforms(program);
    const uniforms = device.createBuffer({ size: words.byteLength, usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST });
    device.queue.writeBuffer(uniforms, 0, words);
    const size = align(4 * Math.max(4, ...program.kernels.map(({ params }) => params)), 16);
    const layout = device.createBindGroupLayout({
      entries: [
        { binding: 0, visibility: GPUShaderStage.COMPUTE, buffer: { type: "storage" } },
        { binding: 1, visibility: GPUShaderStage.COMPUTE, buffer: { type: "uniform", hasDynamicOffset: true } },
      ],
    });
    this.group = device.createBindGroup({
      layout, entries: [{ binding: 0, resource: { buffer: this.memory } }, { binding: 1, resource: { buffer: uniforms, offset: 0, size } }],
    });
    const module = device.createShaderModule({ code: wgsl });
    const pipelineLayout = device.createPipelineLayout({ bindGroupLayouts: [layout] });
    this.pipelines = await Promise.all(
      program.kernels.map(({ entry }) => device.createComputePipelineAsync({ layout: pipelineLayout, compute: { module, entryPoint: entry } })),
    );
    const copies = Object.values(program.entries).flat().filter(({ copy }) => copy !== undefined);
    if (copies.length) // a copy within one buffer goes through another
      this.aside = device.createBuffer({ size: align(Math.max(...copies.map(({ bytes }) => bytes)), 4), usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC });
  }

  #encode(encoder, statement) {
    const bytes = align(statement.bytes ?? 0, 4);
    if (statement.fill !== undefined) {
      if (statement.value !== 0) throw new Error("only zeros are filled in");
      encoder.clearBuffer(this.memory, statement.fill, bytes);
    } else if (statement.copy !== undefined) {
      encoder.copyBufferToBuffer(this.memory, statement.from, this.aside, 0, bytes);
      encoder.copyBufferToBuffer(this.aside, 0, this.memory, statement.copy, bytes);
    } else {
      const pass = encoder.beginComputePass();
      pass.setPipeline(this.pipelines[statement.call]);
      for (const { groups, uniform } of statement.dispatches) {
        pass.setBindGroup(0, this.group, [uniform]);
        pass.dispatchWorkgroups(groups);
      }
      pass.end();
    }
  }

  async enter(name) {
    const statements = this.program.entries[name];
    for (let i = 0; i < statements.length; i += STATEMENTS_A_SUBMIT) {
      const encoder = this.device.createCommandEncoder();
      for (const statement of statements.slice(i, i + STATEMENTS_A_SUBMIT)) this.#encode(encoder, statement);
      this.device.queue.submit([encoder.finish()]);
      await this.device.queue.onSubmittedWorkDone();
    }
  }
}

/**
 * A program that is ready to run: `wgsl` text, `program` (model.webgpu.json, parsed), `weights` (bytes of model.weights).
 * run(inputs by name, as bytes) gives the outputs by name, as ArrayBuffers.
 */
export async function openProgram(device, { wgsl, program, weights }) {
  const walker = new Walker(device, program, wgsl);
  await checked(device, async () => {
    await walker.build();
    for (const { offset, address, bytes } of program.weights) device.queue.writeBuffer(walker.memory, address, weights, offset, bytes);
    await walker.enter("prepare");
  });
  return {
    run: (inputs) =>
      checked(device, async () => {
        for (const { name, address, bytes } of program.inputs) {
          if (inputs[name]?.byteLength !== bytes) throw new Error(`input ${name} wants ${bytes} bytes`);
          device.queue.writeBuffer(walker.memory, address, inputs[name]);
        }
        await walker.enter("run");
        const outputs = {};
        for (const { name, address, bytes } of program.outputs) outputs[name] = await read(device, walker.memory, address, bytes);
        return outputs;
      }),
  };
}
