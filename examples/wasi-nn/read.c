/* read PICTURE.ppm CHARACTERS.txt: the text of a picture of one line, by the model that the host calls "reader" (PP-OCRv4's recogniser, for pictures of 48x320).
 *
 * A program for WASI preview 1 with wasi-nn, which any host that has both runs as it is (README.md). It uses no extension of WasmEdge's.
 */
#include "guest.h"
#include "text.h"

enum { HEIGHT = 48, WIDTH = 320 };
const char kProgram[] = "read";

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
