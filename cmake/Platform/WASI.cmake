# CMake 3.25 knows no WASI; everything that there is to know is in cmake/wasm32-wasi.cmake. No shared libraries.
set_property(GLOBAL PROPERTY TARGET_SUPPORTS_SHARED_LIBS FALSE)
