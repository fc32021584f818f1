/* The module wasi_ephemeral_nn (wasi-nn for WASI preview 1) on the interfaces wasi:nn of components: `wasm-tools component new --adapt` makes a component of an
 * unmodified program with it. It shares the program's memory, in which it has no place of its own but pages that it adds: so it has no data, and one global.
 *
 * The rules are those of docs/wasi-nn.md, but for what the other interface has no way to ask: which inputs a model takes is looked at by compute, not by
 * set_input, and there are no tokens one by one.
 */
#include "../guest/wasi_nn_wit.h"
#include "heap.h"

#define EXPORT(name) __attribute__((export_name(#name))) uint32_t name

enum { kSuccess, kInvalidArgument, kInvalidEncoding, kMissingMemory, kBusy, kRuntimeError, kUnsupportedOperation, kTooLarge, kNotFound };
enum { kWitxEncodings = 7, kWitxAutodetect = 5, kTargets = 3, kMostRank = 255 };

typedef struct {
  uint32_t data, size;
} part; /* graph_builder: an address and a size */

typedef struct {
  uint32_t dims, rank;
  uint8_t type;
  uint32_t data, size;
} witx_tensor;
_Static_assert(sizeof(part) == 8 && sizeof(witx_tensor) == 20, "as witx lays them out");

typedef struct input {
  struct input* next;
  uint32_t index;
  char name[10]; /* the index in decimal, */
  uint8_t length;
  uint8_t type; /* as the other interface numbers it */
  uint32_t rank, size;
  uint8_t content[]; /* dimensions, data */
} input;

/* A graph, or a context with its inputs and the outputs of its last run. */
typedef struct entry {
  struct entry* next;
  uint32_t handle, resource;
  uint32_t graph; /* of a context: the graph's handle; 0: this is a graph */
  uint8_t detached, computed;
  input* inputs;
  nnw_tensor* outputs;
  uint32_t output_count;
} entry;

typedef struct {
  block* heap;
  entry* entries;
  uint32_t last_handle;
  /* Where the next list that is returned goes if it fits: the program's buffer. */
  void* room;
  uint32_t room_size;
} state;

uint32_t adapter_get_state(void);
void adapter_set_state(uint32_t);

/* NULL: there is no memory for it. */
static state* get_state(void) {
  state* found = (state*)adapter_get_state();
  if (found != NULL) return found;
  block* heap = NULL;
  found = take(&heap, sizeof *found);
  if (found == NULL) return NULL;
  *found = (state){heap, NULL, 0, NULL, 0};
  adapter_set_state((uint32_t)found);
  return found;
}

/* What lists are returned in. There is no way to fail but a trap. */
__attribute__((export_name("cabi_import_realloc"))) void* adapter_realloc(void* old, size_t old_size, size_t alignment, size_t size) {
  (void)old_size;
  state* all = get_state();
  if (old != NULL || all == NULL) __builtin_trap();
  if (size == 0) return (void*)alignment;
  if (all->room != NULL && size <= all->room_size) {
    void* room = all->room;
    all->room = NULL;
    return room;
  }
  void* made = take(&all->heap, size);
  if (made == NULL) __builtin_trap();
  return made;
}

static int inside(uint32_t pointer, uint64_t size) { return pointer + size <= (uint64_t)__builtin_wasm_memory_size(0) * kPage; }

static void copy(void* to, const void* from, size_t size) { __builtin_memcpy(to, from, size); }

/* Drops the error. */
static uint32_t code_of(nnw_error error) {
  const uint32_t code = nnw_error_code(error);
  nnw_error_drop(error);
  switch (code) {
    case NNW_INVALID_ARGUMENT: return kInvalidArgument;
    case NNW_INVALID_ENCODING: return kInvalidEncoding;
    case NNW_UNSUPPORTED_OPERATION:
    case NNW_SECURITY: return kUnsupportedOperation;
    case NNW_TOO_LARGE: return kMissingMemory;
    case NNW_NOT_FOUND: return kNotFound;
    default: return kRuntimeError;
  }
}

static entry** find(state* all, uint32_t handle, int context) {
  entry** at = &all->entries;
  while (*at != NULL && ((*at)->handle != handle || ((*at)->graph != 0) != context)) at = &(*at)->next;
  return at;
}

/* Of what was made, or the error. `place` is inside of the memory. */
static uint32_t publish(state* all, nnw_made made, uint32_t graph, uint32_t place) {
  if (made.failed) return code_of(made.error);
  entry* added = all->last_handle == UINT32_MAX ? NULL : take(&all->heap, sizeof *added);
  if (added == NULL) {
    if (graph != 0) nnw_context_drop(made.handle);
    else nnw_graph_drop(made.handle);
    return kMissingMemory;
  }
  *added = (entry){all->entries, ++all->last_handle, made.handle, graph, 0, 0, NULL, NULL, 0};
  all->entries = added;
  copy((void*)place, &added->handle, 4);
  return kSuccess;
}

EXPORT(load)(uint32_t parts, uint32_t count, uint32_t encoding, uint32_t target, uint32_t place) {
  if (!inside(place, 4) || !inside(parts, (uint64_t)count * sizeof(part))) return kInvalidArgument;
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < count; ++i) {
    part each;
    copy(&each, (const void*)(parts + i * sizeof(part)), sizeof each);
    if (!inside(each.data, each.size)) return kInvalidArgument;
    bytes += each.size;
  }
  if (target >= kTargets) return kInvalidArgument;
  if (encoding >= kWitxEncodings) return kInvalidEncoding;
  state* all = get_state();
  /* The list may lie at any address, and must at one of 4. */
  nnw_bytes* aligned = all == NULL || bytes > UINT32_MAX ? NULL : take(&all->heap, (size_t)count * sizeof *aligned);
  if (aligned == NULL) return kMissingMemory;
  copy(aligned, (const void*)parts, (size_t)count * sizeof *aligned);
  nnw_made made;
  nnw_load(aligned, count, encoding >= kWitxAutodetect ? NNW_AUTODETECT : encoding, target, &made);
  give_back(&all->heap, aligned);
  return publish(all, made, 0, place);
}

/* Bytes that are no text would be a trap. (The Unicode Standard, table 3-7.) */
static int is_utf8(const uint8_t* text, uint32_t size) {
  for (uint32_t i = 0; i < size;) {
    const uint8_t lead = text[i++];
    const uint32_t more = lead < 0x80 ? 0 : lead >= 0xc2 && lead < 0xe0 ? 1 : (lead & 0xf0) == 0xe0 ? 2 : lead >= 0xf0 && lead < 0xf5 ? 3 : 4;
    if (more > 3 || more > size - i) return 0;
    for (uint32_t j = 0; j < more; ++j) {
      const uint8_t least = j > 0 ? 0x80 : lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80, most = j > 0 ? 0xbf : lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
      if (text[i + j] < least || text[i + j] > most) return 0;
    }
    i += more;
  }
  return 1;
}

EXPORT(load_by_name)(uint32_t name, uint32_t size, uint32_t place) {
  if (!inside(place, 4) || !inside(name, size)) return kInvalidArgument;
  if (!is_utf8((const uint8_t*)name, size)) return kNotFound;
  state* all = get_state();
  if (all == NULL) return kMissingMemory;
  nnw_made made;
  nnw_load_by_name((const char*)name, size, &made);
  return publish(all, made, 0, place);
}

EXPORT(init_execution_context)(uint32_t graph, uint32_t place) {
  if (!inside(place, 4)) return kInvalidArgument;
  state* all = get_state();
  if (all == NULL) return kMissingMemory;
  const entry* found = *find(all, graph, 0);
  if (found == NULL) return kInvalidArgument;
  nnw_made made;
  nnw_init_execution_context(found->resource, &made);
  return publish(all, made, graph, place);
}

/* What a number of witx means, or of the wasi-nn crate up to 0.5, told apart by how many bytes there are. 255: they fit neither. */
static uint8_t type_of(uint8_t type, uint64_t elements, uint32_t size) {
  if (type == 0 && size == 2 * elements) return NNW_FP16;
  if (type == 1 && size == 4 * elements) return NNW_FP32;
  if (type == 2 && size == 8 * elements) return NNW_FP64;
  if ((type == 2 || type == 3) && size == elements) return NNW_U8;
  if ((type == 3 || type == 4) && size == 4 * elements) return NNW_I32;
  if (type == 5 && size == 8 * elements) return NNW_I64;
  return 255;
}

static uint8_t decimal(char* text, uint32_t value) {
  uint8_t length = 1;
  for (uint32_t rest = value; rest > 9; rest /= 10) ++length;
  for (uint8_t i = length; i > 0; value /= 10) text[--i] = (char)('0' + value % 10);
  return length;
}

EXPORT(set_input)(uint32_t context, uint32_t index, uint32_t place) {
  if (!inside(place, sizeof(witx_tensor))) return kInvalidArgument;
  witx_tensor tensor;
  copy(&tensor, (const void*)place, sizeof tensor);
  if (!inside(tensor.dims, 4ull * tensor.rank) || !inside(tensor.data, tensor.size) || tensor.rank > kMostRank) return kInvalidArgument;
  uint64_t elements = 1;
  int empty = 0;
  for (uint32_t i = 0; i < tensor.rank; ++i) {
    uint32_t extent;
    copy(&extent, (const void*)(tensor.dims + 4 * i), 4);
    empty |= extent == 0;
    elements = elements * extent > UINT32_MAX ? 1ull << 32 : elements * extent;
  }
  const uint8_t type = type_of(tensor.type, empty ? 0 : elements, tensor.size);
  state* all = get_state();
  if (all == NULL) return kMissingMemory;
  entry* found = *find(all, context, 1);
  if (type == 255 || found == NULL || found->detached) return kInvalidArgument;
  input* given = take(&all->heap, sizeof *given + 4ull * tensor.rank + tensor.size);
  if (given == NULL) return kMissingMemory;
  given->index = index;
  given->length = decimal(given->name, index);
  given->type = type;
  given->rank = tensor.rank;
  given->size = tensor.size;
  copy(given->content, (const void*)tensor.dims, 4 * tensor.rank);
  copy(given->content + 4 * tensor.rank, (const void*)tensor.data, tensor.size);
  for (input** at = &found->inputs; *at != NULL; at = &(*at)->next) {
    if ((*at)->index != index) continue;
    input* before = *at;
    *at = before->next;
    give_back(&all->heap, before);
    break;
  }
  given->next = found->inputs;
  found->inputs = given;
  return kSuccess;
}

static void drop_outputs(state* all, entry* context) {
  for (uint32_t i = 0; i < context->output_count; ++i) nnw_tensor_drop(context->outputs[i]);
  give_back(&all->heap, context->outputs);
  context->outputs = NULL;
  context->output_count = 0;
  context->computed = 0;
}

/* Keeps the tensors, frees the list and the names. */
static uint32_t keep_outputs(state* all, entry* context, nnw_named_tensors outputs) {
  nnw_tensor* kept = take(&all->heap, 4ull * outputs.count);
  for (uint32_t i = 0; i < outputs.count; ++i) {
    if (kept != NULL) kept[i] = outputs.data[i].tensor;
    else nnw_tensor_drop(outputs.data[i].tensor);
    if (outputs.data[i].name.size > 0) give_back(&all->heap, outputs.data[i].name.data);
  }
  if (outputs.count > 0) give_back(&all->heap, outputs.data);
  if (kept == NULL) return kMissingMemory;
  context->outputs = kept;
  context->output_count = outputs.count;
  context->computed = 1;
  return kSuccess;
}

EXPORT(compute)(uint32_t handle) {
  state* all = get_state();
  if (all == NULL) return kMissingMemory;
  entry* context = *find(all, handle, 1);
  if (context == NULL || context->detached) return kInvalidArgument;
  uint32_t count = 0;
  for (const input* each = context->inputs; each != NULL; each = each->next) ++count;
  nnw_named_tensor* given = take(&all->heap, (size_t)count * sizeof *given);
  if (given == NULL) return kMissingMemory;
  uint32_t i = 0;
  for (input* each = context->inputs; each != NULL; each = each->next) {
    const nnw_tensor tensor = nnw_tensor_new((const uint32_t*)each->content, each->rank, each->type, each->content + 4 * each->rank, each->size);
    given[i++] = (nnw_named_tensor){{each->name, each->length}, tensor};
  }
  drop_outputs(all, context);
  nnw_computed computed;
  nnw_compute(context->resource, given, count, &computed);
  give_back(&all->heap, given);
  return computed.failed ? code_of(computed.error) : keep_outputs(all, context, computed.outputs);
}

EXPORT(get_output)(uint32_t handle, uint32_t index, uint32_t buffer, uint32_t room, uint32_t written) {
  if (!inside(written, 4) || !inside(buffer, room)) return kInvalidArgument;
  state* all = get_state();
  if (all == NULL) return kMissingMemory;
  const entry* context = *find(all, handle, 1);
  if (context == NULL) return kInvalidArgument;
  if (!context->computed) return kRuntimeError;
  if (index >= context->output_count) return kInvalidArgument;
  nnw_bytes output;
  all->room = (void*)buffer;
  all->room_size = room;
  nnw_tensor_data(context->outputs[index], &output);
  all->room = NULL;
  copy((void*)written, &output.size, 4);
  if (output.size == 0 || output.data == (void*)buffer) return kSuccess;
  give_back(&all->heap, output.data);
  return kTooLarge;
}

EXPORT(finalize_execution_context)(uint32_t handle) {
  state* all = get_state();
  entry** at = all == NULL ? NULL : find(all, handle, 1);
  if (at == NULL || *at == NULL) return kInvalidArgument;
  entry* context = *at;
  *at = context->next;
  drop_outputs(all, context);
  while (context->inputs != NULL) {
    input* each = context->inputs;
    context->inputs = each->next;
    give_back(&all->heap, each);
  }
  nnw_context_drop(context->resource);
  give_back(&all->heap, context);
  return kSuccess;
}

EXPORT(unload)(uint32_t handle) {
  state* all = get_state();
  entry** at = all == NULL ? NULL : find(all, handle, 0);
  if (at == NULL || *at == NULL) return kInvalidArgument;
  entry* graph = *at;
  *at = graph->next;
  for (entry* each = all->entries; each != NULL; each = each->next) each->detached |= each->graph == handle;
  nnw_graph_drop(graph->resource);
  give_back(&all->heap, graph);
  return kSuccess;
}

/* What other hosts are told there means nothing to weft's; only that it is an object is looked at, from outside. */
EXPORT(load_by_name_with_config)(uint32_t name, uint32_t size, uint32_t config, uint32_t config_size, uint32_t place) {
  if (!inside(config, config_size)) return kInvalidArgument;
  const char* text = (const char*)config;
  uint32_t from = 0, to = config_size;
  while (from < to && (text[from] == ' ' || (text[from] >= '\t' && text[from] <= '\r'))) ++from;
  while (from < to && (text[to - 1] == ' ' || (text[to - 1] >= '\t' && text[to - 1] <= '\r'))) --to;
  if (config_size > 0 && (to - from < 2 || text[from] != '{' || text[to - 1] != '}')) return kInvalidArgument;
  return load_by_name(name, size, place);
}

static uint32_t no_tokens(uint32_t handle) {
  state* all = get_state();
  return all == NULL || *find(all, handle, 1) == NULL ? kInvalidArgument : kUnsupportedOperation;
}
EXPORT(compute_single)(uint32_t context) { return no_tokens(context); }
EXPORT(fini_single)(uint32_t context) { return no_tokens(context); }
EXPORT(get_output_single)(uint32_t context, uint32_t index, uint32_t buffer, uint32_t room, uint32_t written) {
  if (!inside(written, 4) || !inside(buffer, room)) return kInvalidArgument;
  const uint32_t code = no_tokens(context);
  if (code == kInvalidArgument) return code;
  const entry* found = *find(get_state(), context, 1);
  return found->computed && index >= found->output_count ? kInvalidArgument : code;
}
