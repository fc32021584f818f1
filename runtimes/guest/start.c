// In place of Debian's crt1-command.o, for programs that become components: with that, wasm-ld has every export run
// constructors and destructors, and memory that the host allocates in the middle of a call (cabi_realloc) may not.
#include <stdlib.h>

void __wasm_call_ctors(void);
void __wasm_call_dtors(void);
int __original_main(void);

__attribute__((export_name("_start"))) void _start(void) {
  __wasm_call_ctors();
  const int code = __original_main();
  if (code != 0) exit(code);
  __wasm_call_dtors();
}
