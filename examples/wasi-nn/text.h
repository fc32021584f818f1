// The text in the scores of PP-OCR's recogniser.
#ifndef TEXT_H
#define TEXT_H

#include "picture.h"

enum { MOST_CLASSES = 20000 };

/* The lines of the file: what the classes mean, from 1 on. 0 is CTC's blank, and behind the last line comes the space. */
static inline unsigned read_characters(const char* path, char* classes[MOST_CLASSES]) {
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
static inline void print_text(const float* scores, unsigned steps, char* const* classes, unsigned count) {
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

#endif
