/* read PICTURE.ppm CHARACTERS.txt: the text of a picture of one line, by the model that the host calls "reader" (PP-OCRv4's recogniser, for pictures of 48x320).
 *
 * A program for WASI preview 1 with wasi-nn, which any host that has both runs as it is (README.md). It uses no extension of WasmEdge's.
 */
#include "guest.h"

enum { HEIGHT = 48, WIDTH = 320, MOST_CLASSES = 20000 };
const char kProgram[] = "read";

/* The lines of the file: what the classes mean, from 1 on. 0 is CTC's blank, and behind the last line comes the space. */
static unsigned read_characters(const char* path, char* classes[MOST_CLASSES]) {
  FILE* file = fopen(path, "r");
  if (file == NULL) fail("cannot open", path);
  char line[64];
  unsigned count = 0;
  classes[count++] = "";
  while (count < MOST_CLASSES - 1 && fgets(line, sizeof line, file) != NULL) {
    line[strcspn(line, "\r\n")] = 0;
    classes[count++] = strdup(line);
  }
  fclose(file);
  classes[count++] = " ";
  return count;
}

/* The best class of each step; repeats and blanks fall out. */
static void print_text(const float* scores, unsigned steps, char* const* classes, unsigned count) {
  unsigned previous = 0, characters = 0;
  float sum = 0;
  for (unsigned step = 0; step < steps; ++step) {
    unsigned best = 0;
    for (unsigned c = 1; c < count; ++c)
      if (scores[step * count + c] > scores[step * count + best]) best = c;
    if (best != 0 && best != previous) {
      fputs(classes[best], stdout);
      sum += scores[step * count + best];
      ++characters;
    }
    previous = best;
  }
  printf("\nconfidence %.2f\n", characters > 0 ? (double)sum / characters : 0);
}

int main(int argc, char** argv) {
  if (argc != 3) fail("usage:", "read PICTURE.ppm CHARACTERS.txt");
  const Picture picture = read_picture(argv[1]);
  static char* classes[MOST_CLASSES];
  const unsigned count = read_characters(argv[2], classes);
  nn_graph graph;
  nn_context context;
  check("load_by_name \"reader\":", nn_load_by_name("reader", 6, &graph));
  check("init_execution_context:", nn_init_execution_context(graph, &context));
  const uint32_t dims[] = {1, 3, HEIGHT, WIDTH};
  const nn_tensor tensor = {dims, 4, NN_F32, line_tensor(&picture, HEIGHT, WIDTH), sizeof(float) * 3 * HEIGHT * WIDTH};
  check("set_input:", nn_set_input(context, 0, &tensor));
  check("compute:", nn_compute(context));
  uint32_t bytes;
  const float* scores = output_of(context, &bytes);
  const unsigned steps = bytes / sizeof(float) / count;
  if (bytes != steps * count * sizeof(float)) fail("the model does not know", argv[2]);
  print_text(scores, steps, classes, count);
  return 0;
}
