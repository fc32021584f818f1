// guest INPUT DIM...: runs the model "model" by wasi-nn. A line N of its input: N times an input set, a run, an output read; answers with the nanoseconds of each.
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "../../runtimes/guest/wasi_nn.h"

static void require(const char* what, uint32_t code) {
  if (code == NN_SUCCESS) return;
  fprintf(stderr, "guest: %s: %u\n", what, code);
  exit(1);
}

static long long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000ll + time.tv_nsec;
}

int main(int argc, char** argv) {
  uint32_t dims[8], rank = 0, count = 1;
  for (int i = 2; i < argc && rank < 8; ++i) count *= dims[rank++] = (uint32_t)atoi(argv[i]);
  const uint32_t size = 4 * count;
  float* data = malloc(size);
  FILE* file = argc > 1 ? fopen(argv[1], "rb") : NULL;
  if (file == NULL || fread(data, 1, size, file) != size) {
    fprintf(stderr, "guest: there is no input\n");
    return 1;
  }
  nn_graph graph;
  nn_context context;
  const nn_tensor tensor = {dims, rank, NN_F32, data, size};
  uint32_t written;
  require("load_by_name", nn_load_by_name("model", 5, &graph));
  require("init_execution_context", nn_init_execution_context(graph, &context));
  const uint32_t room = 1 << 24;
  void* output = malloc(room);
  int runs;
  printf("ready\n");
  fflush(stdout);
  while (scanf("%d", &runs) == 1) {
    while (runs-- > 0) {
      const long long from = now();
      require("set_input", nn_set_input(context, 0, &tensor));
      require("compute", nn_compute(context));
      require("get_output", nn_get_output(context, 0, output, room, &written));
      printf("%lld ", now() - from);
    }
    printf("\n");
    fflush(stdout);
  }
  return 0;
}
