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
  uint32_t bytes;
  const float* scores = infer_line("reader", &picture, HEIGHT, WIDTH, &bytes);
  const unsigned steps = bytes / sizeof(float) / count;
  if (bytes != steps * count * sizeof(float)) fail("the model does not know", argv[2]);
  print_text(scores, steps, classes, count);
  return 0;
}
