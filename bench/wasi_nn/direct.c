// direct BUNDLE INPUT: the twin of guest.c, which runs the model by libweft.
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "weft.h"

static void require(weft_status status) {
  if (status == WEFT_OK) return;
  fprintf(stderr, "direct: %s\n", weft_last_error()->message);
  exit(1);
}

static long long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000ll + time.tv_nsec;
}

int main(int argc, char** argv) {
  if (argc != 3) return 1;
  weft_model* model;
  weft_instance* instance;
  weft_port port;
  weft_tensor output;
  require(weft_model_open(argv[1], NULL, &model));
  require(weft_instance_new(model, &instance));
  require(weft_model_input(model, 0, &port));
  uint32_t shape[8];
  size_t size = 4;
  for (uint32_t i = 0; i < port.rank && i < 8; ++i) size *= shape[i] = port.shape[i].max;
  void* data = malloc(size);
  FILE* file = fopen(argv[2], "rb");
  if (file == NULL || fread(data, 1, size, file) != size) {
    fprintf(stderr, "direct: there is no input\n");
    return 1;
  }
  int runs;
  printf("ready\n");
  fflush(stdout);
  while (scanf("%d", &runs) == 1) {
    while (runs-- > 0) {
      const long long from = now();
      require(weft_set_input(instance, 0, data, size, shape, port.rank));
      require(weft_run(instance));
      require(weft_output(instance, 0, &output));
      printf("%lld ", now() - from);
    }
    printf("\n");
    fflush(stdout);
  }
  return 0;
}
