/* speak COUNT 0 ID...: what speak.c says, as a component. wasi:nn has no loop over tokens: the program takes the best token of the scores itself, and
 * gives each step the cache that the step before left, without looking into it.
 *
 * The model is the one that the host calls "decoder" or, where nobody can register a name, that of /data/decoder.onnx.
 */
#include <string.h>

#include "../../runtimes/guest/wasi_nn_wit.h"
#include "tokens.h"

/* The cache: past_key_values.LAYER.key and .value, [1, HEADS, past, WIDTH]. */
enum { LAYERS = 4, HEADS = 4, WIDTH = 32, INPUTS = 1 + 2 * LAYERS };
const char kProgram[] = "speak";

static _Noreturn void refuse(const char* what, nnw_error error) {
  nnw_bytes text;
  nnw_error_data(error, &text);
  fprintf(stderr, "%s: %s %.*s\n", kProgram, what, (int)text.size, (const char*)text.data);
  exit(1);
}

static uint32_t handle_of(const char* what, nnw_made made) {
  if (made.failed) refuse(what, made.error);
  return made.handle;
}

static nnw_made load_file(const char* path) {
  FILE* file = fopen(path, "rb");
  if (file == NULL || fseek(file, 0, SEEK_END) != 0) fail("cannot open", path);
  const long size = ftell(file);
  rewind(file);
  void* data = malloc((size_t)size);
  if (data == NULL || fread(data, 1, (size_t)size, file) != (size_t)size) fail("cannot read", path);
  fclose(file);
  const nnw_bytes part = {data, (uint32_t)size};
  nnw_made made;
  nnw_load(&part, 1, NNW_ONNX, NNW_CPU, &made);
  free(data);
  return made;
}

static nnw_context open_decoder(void) {
  nnw_made made;
  nnw_load_by_name("decoder", 7, &made);
  if (made.failed && nnw_error_code(made.error) == NNW_NOT_FOUND) {
    nnw_error_drop(made.error);
    made = load_file("/data/decoder.onnx");
  }
  const nnw_graph graph = handle_of("load:", made);
  nnw_init_execution_context(graph, &made);
  nnw_graph_drop(graph);
  return handle_of("init-execution-context:", made);
}

static nnw_tensor ids_tensor(const int64_t* ids, uint32_t count) {
  const uint32_t dims[] = {1, count};
  return nnw_tensor_new(dims, 2, NNW_I64, ids, count * sizeof *ids);
}

/* The inputs by name, with an empty cache. */
static void begin(nnw_named_tensor inputs[INPUTS]) {
  static char names[INPUTS][32] = {"input_ids"};
  const uint32_t empty[] = {1, HEADS, 0, WIDTH};
  for (int i = 0; i < INPUTS; ++i) {
    if (i > 0) {
      snprintf(names[i], sizeof names[i], "past_key_values.%d.%s", (i - 1) / 2, i % 2 == 1 ? "key" : "value");
      inputs[i].tensor = nnw_tensor_new(empty, 4, NNW_FP32, NULL, 0);
    }
    inputs[i].name = (nnw_bytes){names[i], (uint32_t)strlen(names[i])};
  }
}

/* The best by the last row of `rows`, of equal ones the first. */
static int64_t best(nnw_tensor logits, uint32_t rows) {
  nnw_bytes bytes;
  nnw_tensor_data(logits, &bytes);
  const uint32_t count = bytes.size / sizeof(float) / rows;
  const float* scores = (const float*)bytes.data + (rows - 1) * count;
  int64_t token = 0;
  for (uint32_t i = 1; i < count; ++i)
    if (scores[i] > scores[token]) token = i;
  free(bytes.data);
  return token;
}

/* Runs `count` ids after what the cache has, and leaves that of the next step in the inputs. Returns the token that comes next. */
static int64_t step(nnw_context context, nnw_named_tensor inputs[INPUTS], const int64_t* ids, uint32_t count) {
  inputs[0].tensor = ids_tensor(ids, count);
  nnw_computed computed;
  nnw_compute(context, inputs, INPUTS, &computed);
  if (computed.failed) refuse("compute:", computed.error);
  const nnw_named_tensors outputs = computed.outputs; /* logits, then present.* in the order of past_key_values.* */
  if (outputs.count != INPUTS) fail("the model is no", "decoder of 4 layers");
  for (int i = 0; i < INPUTS; ++i) {
    inputs[i].tensor = outputs.data[i].tensor;
    free(outputs.data[i].name.data);
  }
  free(outputs.data);
  const int64_t token = best(inputs[0].tensor, count);
  nnw_tensor_drop(inputs[0].tensor);
  return token;
}

int main(int argc, char** argv) {
  if (argc < 4 || atof(argv[2]) != 0) fail("usage:", "speak COUNT 0 ID...");
  const nnw_context context = open_decoder();
  nnw_named_tensor inputs[INPUTS];
  begin(inputs);
  uint32_t count = (uint32_t)argc - 3;
  int64_t* ids = read_ids(argv + 3, count);
  for (int left = atoi(argv[1]); left > 0; --left, count = 1) {
    *ids = step(context, inputs, ids, count);
    print_token(*ids);
  }
  printf("\n");
  return 0;
}
