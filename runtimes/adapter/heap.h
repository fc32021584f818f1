/* Memory of the adapter's own, in pages that it adds to the program's memory. */
#ifndef ADAPTER_HEAP_H
#define ADAPTER_HEAP_H

#include <stddef.h>
#include <stdint.h>

typedef struct block {
  size_t size; /* of what follows */
  struct block* next;
  size_t padding[2];
} block;

enum { kPage = 65536, kGrain = sizeof(block) };

/* First fit; aligned to 16. NULL: the memory does not grow. */
static void* take(block** list, size_t bytes) {
  if (bytes > PTRDIFF_MAX) return NULL;
  const size_t size = (bytes + kGrain - 1) / kGrain * kGrain + (bytes == 0 ? kGrain : 0);
  for (block** at = list;; at = &(*at)->next) {
    if (*at == NULL) {
      const size_t pages = (size + kGrain + kPage - 1) / kPage, before = __builtin_wasm_memory_grow(0, pages);
      if (before == (size_t)-1) return NULL;
      block* made = (block*)(before * kPage);
      *made = (block){pages * kPage - kGrain, NULL, {0, 0}};
      *at = made;
    }
    block* found = *at;
    if (found->size < size) continue;
    if (found->size >= size + 2 * kGrain) {
      block* rest = (block*)((char*)(found + 1) + size);
      *rest = (block){found->size - size - kGrain, found->next, {0, 0}};
      found->size = size;
      *at = rest;
    } else {
      *at = found->next;
    }
    return found + 1;
  }
}

/* Into the list in the order of addresses, joined with its neighbours. NULL is allowed. */
static void give_back(block** list, void* memory) {
  if (memory == NULL) return;
  block* freed = (block*)memory - 1;
  block** at = list;
  block* before = NULL;
  while (*at != NULL && *at < freed) {
    before = *at;
    at = &before->next;
  }
  freed->next = *at;
  *at = freed;
  if (freed->next != NULL && (char*)(freed + 1) + freed->size == (char*)freed->next) {
    freed->size += kGrain + freed->next->size;
    freed->next = freed->next->next;
  }
  if (before != NULL && (char*)(before + 1) + before->size == (char*)freed) {
    before->size += kGrain + freed->size;
    before->next = freed->next;
  }
}

#endif
