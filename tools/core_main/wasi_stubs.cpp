// Debian's wasi-libc and libc++ for wasm32 are compiled with the stack protector, but nothing there defines
// its two symbols.
#if defined(__wasi__)
#include <cstdint>

extern "C" {
uintptr_t __stack_chk_guard = 0x9e3779b9;
[[noreturn]] void __stack_chk_fail() { __builtin_trap(); }
}
#endif
