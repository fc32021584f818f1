// Pictures of lines of text, as PP-OCR's models take them.
#ifndef PICTURE_H
#define PICTURE_H

#include <string.h>

#include "fail.h"

typedef struct {
  unsigned width, height;
  unsigned char* rgb;
} Picture;

/* Binary PPM without comments, 8 bits a sample. */
static inline Picture read_picture(const char* path) {
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
static inline float covered(const Picture* picture, unsigned c, unsigned x, unsigned y, unsigned width, unsigned height) {
  const unsigned top = y * picture->height / height, left = x * picture->width / width;
  unsigned bottom = (y + 1) * picture->height / height, right = (x + 1) * picture->width / width;
  if (bottom == top) ++bottom;
  if (right == left) ++right;
  unsigned long sum = 0;
  for (unsigned v = top; v < bottom; ++v)
    for (unsigned u = left; u < right; ++u) sum += picture->rgb[3 * ((size_t)v * picture->width + u) + c];
  return (float)sum / (float)((bottom - top) * (right - left));
}

/* [1, 3, height, width] as PP-OCR's models were trained: blue, green, red; from -1 to 1; scaled to the height, and nothing to the right of the line. */
static inline float* line_tensor(const Picture* picture, unsigned height, unsigned width) {
  float* input = calloc((size_t)3 * height * width, sizeof *input);
  if (input == NULL) fail("no memory for", "the picture");
  const unsigned scaled = (height * picture->width + picture->height - 1) / picture->height;
  const unsigned covers = scaled < width ? scaled : width;
  for (unsigned c = 0; c < 3; ++c)
    for (unsigned y = 0; y < height; ++y)
      for (unsigned x = 0; x < covers; ++x) input[(c * height + y) * width + x] = covered(picture, 2 - c, x, y, covers, height) / 127.5f - 1.0f;
  return input;
}

#endif
