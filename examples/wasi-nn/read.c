/* read PICTURE.ppm CHARACTERS.txt: the text of a picture of one line, by the model that the host calls "reader" (PP-OCRv4's recogniser, for pictures of 48x320).
 *
 * A program for WASI preview 1 with wasi-nn, which any host that has both runs as it is:
 *   node examples/wasi-nn/read.mjs [PICTURE]
 *   weft wasi read.wasm /data/line.ppm /data/characters.txt --dir FOLDER::/data --nn-graph reader=BUNDLE
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../tests/wasi-nn/wasi_nn.h"

enum { HEIGHT = 48, WIDTH = 320, MOST_CLASSES = 20000 };

static void fail(const char* what, const char* name) {
  fprintf(stderr, "read: %s %s\n", what, name);
  exit(1);
}

static void check(const char* what, uint32_t code) {
  static const char* const kCodes[] = {"success", "invalid_argument", "invalid_encoding", "missing_memory", "busy", "runtime_error", "unsupported_operation", "too_large", "not_found"};
  if (code != NN_SUCCESS) fail(what, code < sizeof kCodes / sizeof *kCodes ? kCodes[code] : "unknown error");
}

typedef struct {
  unsigned width, height;
  unsigned char* rgb;
} Picture;

/* Binary PPM without comments, 8 bits a sample. */
static Picture read_picture(const char* path) {
  Picture picture;
  unsigned most;
  FILE* file = fopen(path, "rb");
  if (file == NULL) fail("cannot open", path);
  if (fscanf(file, "P6 %u %u %u", &picture.width, &picture.height, &most) != 3 || fgetc(file) == EOF || most != 255 || picture.width == 0 ||
      picture.height == 0 || picture.width > 16384 || picture.height > 16384)
    fail("no 8-bit PPM:", path);
  const size_t bytes = (size_t)3 * picture.width * picture.height;
  picture.rgb = malloc(bytes);
  if (picture.rgb == NULL || fread(picture.rgb, 1, bytes, file) != bytes) fail("too short:", path);
  fclose(file);
  return picture;
}

/* The mean of what each pixel of the result covers, at least one pixel of the picture. */
static float covered(const Picture* picture, unsigned c, unsigned x, unsigned y, unsigned width) {
  const unsigned top = y * picture->height / HEIGHT, left = x * picture->width / width;
  unsigned bottom = (y + 1) * picture->height / HEIGHT, right = (x + 1) * picture->width / width;
  if (bottom == top) ++bottom;
  if (right == left) ++right;
  unsigned long sum = 0;
  for (unsigned v = top; v < bottom; ++v)
    for (unsigned u = left; u < right; ++u) sum += picture->rgb[3 * ((size_t)v * picture->width + u) + c];
  return (float)sum / (float)((bottom - top) * (right - left));
}

/* As the model was trained: blue, green, red; from -1 to 1; scaled to its height, and nothing to the right of the line. */
static float* model_input(const Picture* picture) {
  float* input = calloc(3 * HEIGHT * WIDTH, sizeof *input);
  if (input == NULL) fail("no memory for", "the picture");
  const unsigned scaled = (HEIGHT * picture->width + picture->height - 1) / picture->height;
  const unsigned width = scaled < WIDTH ? scaled : WIDTH;
  for (unsigned c = 0; c < 3; ++c)
    for (unsigned y = 0; y < HEIGHT; ++y)
      for (unsigned x = 0; x < width; ++x) input[(c * HEIGHT + y) * WIDTH + x] = covered(picture, 2 - c, x, y, width) / 127.5f - 1.0f;
  return input;
}

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

/* How many bytes an output has, asked with no room for it. */
static float* output_of(nn_context context, uint32_t* bytes) {
  const uint32_t code = nn_get_output(context, 0, NULL, 0, bytes);
  if (code != NN_TOO_LARGE) check("get_output:", code);
  float* output = malloc(*bytes);
  if (output == NULL) fail("no memory for", "the output");
  check("get_output:", nn_get_output(context, 0, output, *bytes, bytes));
  return output;
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
  const nn_tensor tensor = {dims, 4, NN_F32, model_input(&picture), sizeof(float) * 3 * HEIGHT * WIDTH};
  check("set_input:", nn_set_input(context, 0, &tensor));
  check("compute:", nn_compute(context));
  uint32_t bytes;
  const float* scores = output_of(context, &bytes);
  const unsigned steps = bytes / sizeof(float) / count;
  if (bytes != steps * count * sizeof(float)) fail("the model does not know", argv[2]);
  print_text(scores, steps, classes, count);
  return 0;
}
