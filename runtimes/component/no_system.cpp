// A component imports nothing: what the C library would ask of WASI is answered here. Only the paths on which
// a program ends badly print; what they print goes nowhere.
#if defined(__wasi__)
#include <cstdint>

extern "C" {

constexpr int32_t kBadFile = 8, kNotSupported = 58;  // errno: badf, nosys

int32_t __imported_wasi_snapshot_preview1_fd_write(int32_t, int32_t, int32_t, int32_t) { return kBadFile; }
int32_t __imported_wasi_snapshot_preview1_fd_read(int32_t, int32_t, int32_t, int32_t) { return kBadFile; }
int32_t __imported_wasi_snapshot_preview1_fd_seek(int32_t, int64_t, int32_t, int32_t) { return kBadFile; }
int32_t __imported_wasi_snapshot_preview1_fd_close(int32_t) { return kBadFile; }
int32_t __imported_wasi_snapshot_preview1_fd_fdstat_get(int32_t, int32_t) { return kBadFile; }
int32_t __imported_wasi_snapshot_preview1_environ_get(int32_t, int32_t) { return kNotSupported; }
int32_t __imported_wasi_snapshot_preview1_environ_sizes_get(int32_t, int32_t) { return kNotSupported; }
[[noreturn]] void __imported_wasi_snapshot_preview1_proc_exit(int32_t) { __builtin_trap(); }

}  // extern "C"
#endif
