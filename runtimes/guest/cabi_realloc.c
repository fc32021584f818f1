/* Where adapters that make a component of a program get memory from (component.mjs). Without it they add pages, which Debian's libc takes for its own: that of
 * before 2023 takes all memory that there is when it is first asked for some. */
#include <stdlib.h>

__attribute__((weak, export_name("cabi_realloc"))) void* cabi_realloc(void* old, size_t old_size, size_t alignment, size_t size) {
  (void)old_size;
  if (size == 0) return (void*)alignment;
  void* made = realloc(old, size); /* aligned to 16 */
  if (made == NULL) abort();
  return made;
}
