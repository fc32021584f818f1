/* classify BUNDLE PICTURE.ppm [LABELS.txt]: the five best classes of a picture.
 *
 * The bundle takes pictures as bytes, RGBA, and normalises them itself:
 *   weft compile model.onnx -o BUNDLE --preprocess image:rgb,mean=0.485/0.456/0.406,std=0.229/0.224/0.225
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weft.h>

enum { TOP = 5, LABEL_BYTES = 256 };

static void check(weft_status status) {
  if (status == WEFT_OK) return;
  fprintf(stderr, "classify: %s: %s\n", weft_status_name(status), weft_last_error()->message);
  exit(1);
}

static void fail(const char* what, const char* name) {
  fprintf(stderr, "classify: %s %s\n", what, name);
  exit(1);
}

typedef struct {
  unsigned width, height;
  unsigned char* rgb;
} Picture;

/* Binary PPM without comments, 8 bits a sample. */
static Picture read_picture(const char* path) {
  Picture picture;
  unsigned most;
  size_t bytes;
  FILE* file = fopen(path, "rb");
  if (file == NULL) fail("cannot open", path);
  if (fscanf(file, "P6 %u %u %u", &picture.width, &picture.height, &most) != 3 || fgetc(file) == EOF || most != 255 ||
      picture.width == 0 || picture.height == 0 || picture.width > 16384 || picture.height > 16384)
    fail("no 8-bit PPM:", path);
  bytes = (size_t)3 * picture.width * picture.height;
  picture.rgb = malloc(bytes);
  if (picture.rgb == NULL || fread(picture.rgb, 1, bytes, file) != bytes) fail("too short:", path);
  fclose(file);
  return picture;
}

/* The mean of what each pixel of the result covers, at least one pixel of the picture. */
static unsigned char* scaled_to_rgba(const Picture* picture, unsigned width, unsigned height) {
  unsigned char* rgba = malloc((size_t)4 * width * height);
  if (rgba == NULL) fail("no memory for", "the picture");
  for (unsigned y = 0; y < height; ++y)
    for (unsigned x = 0; x < width; ++x) {
      const unsigned top = y * picture->height / height, left = x * picture->width / width;
      unsigned bottom = (y + 1) * picture->height / height, right = (x + 1) * picture->width / width;
      if (bottom == top) ++bottom;
      if (right == left) ++right;
      unsigned char* pixel = rgba + 4 * ((size_t)y * width + x);
      for (unsigned c = 0; c < 3; ++c) {
        unsigned long sum = 0;
        for (unsigned v = top; v < bottom; ++v)
          for (unsigned u = left; u < right; ++u) sum += picture->rgb[3 * ((size_t)v * picture->width + u) + c];
        pixel[c] = (unsigned char)(sum / ((unsigned long)(bottom - top) * (right - left)));
      }
      pixel[3] = 255;
    }
  return rgba;
}

/* The line of the file, or "class N" without one. */
static void label_of(const char* path, size_t index, char* label) {
  FILE* file = path == NULL ? NULL : fopen(path, "r");
  snprintf(label, LABEL_BYTES, "class %zu", index);
  if (file == NULL) return;
  for (size_t line = 0; line <= index && fgets(label, LABEL_BYTES, file) != NULL; ++line) label[strcspn(label, "\n")] = '\0';
  fclose(file);
}

static void print_best(const float* scores, size_t count, const char* labels) {
  char label[LABEL_BYTES];
  float below = 0;
  size_t last = 0;
  for (int rank = 0; rank < TOP && (size_t)rank < count; ++rank) {
    size_t best = count;
    for (size_t i = 0; i < count; ++i) {
      const int is_left = rank == 0 || scores[i] < below || (scores[i] == below && i > last);
      if (is_left && (best == count || scores[i] > scores[best])) best = i;
    }
    if (best == count) return; /* what is left is not a number */
    label_of(labels, best, label);
    printf("%.6f  %s\n", scores[best], label);
    below = scores[best];
    last = best;
  }
}

int main(int argc, char** argv) {
  weft_model* model;
  weft_instance* instance;
  weft_port port;
  weft_tensor scores;
  if (argc < 3) fail("usage:", "classify BUNDLE PICTURE.ppm [LABELS.txt]");
  check(weft_model_open(argv[1], NULL, &model));
  check(weft_model_input(model, 0, &port));
  if (port.dtype != WEFT_U8 || port.rank != 4 || port.shape[3].max != 4) fail("takes no pictures (see --preprocess image):", argv[1]);
  const unsigned height = port.shape[1].max, width = port.shape[2].max;

  Picture picture = read_picture(argv[2]);
  unsigned char* rgba = scaled_to_rgba(&picture, width, height);
  check(weft_instance_new(model, &instance));
  check(weft_set_input(instance, 0, rgba, (size_t)4 * width * height, NULL, 0));
  check(weft_run(instance));
  check(weft_output(instance, 0, &scores));
  if (scores.dtype != WEFT_F32) fail("has scores of another type than f32:", argv[1]);
  print_best(scores.data, scores.bytes / sizeof(float), argc > 3 ? argv[3] : NULL);

  free(rgba);
  free(picture.rgb);
  weft_instance_free(instance);
  weft_model_close(model);
  return 0;
}
