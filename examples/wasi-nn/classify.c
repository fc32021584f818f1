/* classify PICTURE.ppm LABELS.txt: which of the labels a picture has, best first, by the model that the host calls "classifier" (PP-OCR's, of pictures
 * of 48x192: whether a line of text stands upright).
 */
#include "guest.h"

enum { HEIGHT = 48, WIDTH = 192, MOST_LABELS = 1000, LABEL_BYTES = 64 };
const char kProgram[] = "classify";

static unsigned read_labels(const char* path, char labels[MOST_LABELS][LABEL_BYTES]) {
  FILE* file = fopen(path, "r");
  if (file == NULL) fail("cannot open", path);
  unsigned count = 0;
  while (count < MOST_LABELS && fgets(labels[count], LABEL_BYTES, file) != NULL) {
    labels[count][strcspn(labels[count], "\r\n")] = 0;
    ++count;
  }
  fclose(file);
  return count;
}

int main(int argc, char** argv) {
  if (argc != 3) fail("usage:", "classify PICTURE.ppm LABELS.txt");
  const Picture picture = read_picture(argv[1]);
  static char labels[MOST_LABELS][LABEL_BYTES];
  const unsigned count = read_labels(argv[2], labels);
  uint32_t bytes;
  float* scores = infer_line("classifier", &picture, HEIGHT, WIDTH, &bytes);
  if (bytes != count * sizeof(float)) fail("the model does not know", argv[2]);
  for (unsigned place = 0; place < count && place < 5; ++place) {
    unsigned best = 0;
    for (unsigned i = 1; i < count; ++i)
      if (scores[i] > scores[best]) best = i;
    printf("%6.2f %%  %s\n", 100.0 * (double)scores[best], labels[best]);
    scores[best] = -1;
  }
  return 0;
}
