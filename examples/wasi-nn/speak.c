/* speak COUNT TEMPERATURE ID...: what the model that the host calls "decoder" says after these tokens, each as soon as it is there. Ids, not words:
 * a tokenizer is the program's own business.
 *
 * With WasmEdge's extensions of wasi-nn (docs/wasi-nn.md, "Tokens one by one").
 */
#include "guest.h"
#include "tokens.h"

const char kProgram[] = "speak";

int main(int argc, char** argv) {
  if (argc < 4) fail("usage:", "speak COUNT TEMPERATURE ID...");
  char config[128];
  snprintf(config, sizeof config, "{\"n-predict\": %d, \"temp\": %g, \"top-k\": 40, \"seed\": 1}", atoi(argv[1]), atof(argv[2]));
  const nn_context context = open_model("decoder", config);
  const uint32_t dims[2] = {1, (uint32_t)argc - 3};
  const nn_tensor prompt = {dims, 2, NN_I64, read_ids(argv + 3, dims[1]), dims[1] * sizeof(int64_t)};
  check("set_input:", nn_set_input(context, 0, &prompt));
  uint32_t code;
  while ((code = nn_compute_single(context)) == NN_SUCCESS) {
    int64_t token;
    uint32_t written;
    check("get_output_single:", nn_get_output_single(context, 0, &token, sizeof token, &written));
    print_token(token);
  }
  printf("\n");
  if (code == NN_CONTEXT_FULL) fail("the model has no room for", "more tokens");
  if (code != NN_END_OF_SEQUENCE) check("compute_single:", code);
  return 0;
}
