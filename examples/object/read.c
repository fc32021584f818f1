/* read [PICTURE.ppm CHARACTERS.txt]: the text of a picture of one line. The model, PP-OCRv4's recogniser, is linked in
 * (weft compile --emit object), and takes pictures as wide as this one.
 *
 * One source for clang (WASI) and for emcc (a page, whose files are in /): build.mjs, README.md.
 */
#include "../wasi-nn/picture.h"
#include "../wasi-nn/text.h"
#include "recogniser.h"

enum { HEIGHT = 48, LEAST_WIDTH = 64, MOST_WIDTH = 640, WIDTH_STEP = 8 };
const char kProgram[] = "read";

/* As wide as the picture when it is as high as the model wants it. */
static uint32_t width_of(const Picture* picture) {
  uint32_t width = (HEIGHT * picture->width + picture->height - 1) / picture->height;
  width = (width + WIDTH_STEP - 1) / WIDTH_STEP * WIDTH_STEP;
  return width < LEAST_WIDTH ? LEAST_WIDTH : width > MOST_WIDTH ? MOST_WIDTH : width;
}

int main(int argc, char** argv) {
  const Picture picture = read_picture(argc > 1 ? argv[1] : "/picture.ppm");
  static char* classes[MOST_CLASSES];
  const unsigned count = read_characters(argc > 2 ? argv[2] : "/characters.txt", classes);

  recogniser_model* model = recogniser_prepare(aligned_alloc(RECOGNISER_ALIGNMENT, RECOGNISER_MEMORY));
  if (model == NULL) fail("no memory for", "the model");
  const uint32_t width = width_of(&picture);
  if (recogniser_resize(model, width) != RECOGNISER_OK) {
    const recogniser_error* error = recogniser_failure(model);
    fprintf(stderr, "read: %s is %lld, not from %d to %d\n", error->what, (long long)error->value, (int)error->least, (int)error->greatest);
    return 1;
  }
  float* input = line_tensor(&picture, HEIGHT, width);
  memcpy(recogniser_input_x(model), input, sizeof(float) * 3 * HEIGHT * width);
  free(input);
  if (recogniser_run(model) != RECOGNISER_OK) fail("cannot read", "the picture");

  const uint32_t* shape = recogniser_shape_softmax_11_tmp_0(model); /* [1, steps, classes] */
  if (shape[2] != count) fail("the model does not know", "the characters");
  print_text(recogniser_output_softmax_11_tmp_0(model), shape[1], classes, count);
  free(model);
  return 0;
}
