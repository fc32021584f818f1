# Toolchain file: wasm32-wasi from Debian's clang-19, lld-19, libc++-19-dev-wasm32, libclang-rt-19-dev-wasm32, wasi-libc.
list(APPEND CMAKE_MODULE_PATH ${CMAKE_CURRENT_LIST_DIR})  # Platform/WASI.cmake
set(CMAKE_SYSTEM_NAME WASI)
set(CMAKE_SYSTEM_VERSION 1)
set(CMAKE_SYSTEM_PROCESSOR wasm32)

find_program(WEFT_WASM_CXX NAMES clang++-19 REQUIRED)
find_program(WEFT_WASM_LD NAMES wasm-ld-19 REQUIRED)
find_program(WEFT_WASM_AR NAMES llvm-ar-19 REQUIRED)
find_program(WEFT_WASM_RANLIB NAMES llvm-ranlib-19 REQUIRED)
set(CMAKE_CXX_COMPILER ${WEFT_WASM_CXX})
set(CMAKE_CXX_COMPILER_TARGET wasm32-wasi)
set(CMAKE_AR ${WEFT_WASM_AR})
set(CMAKE_RANLIB ${WEFT_WASM_RANLIB})
set(CMAKE_CXX_COMPILER_AR ${WEFT_WASM_AR})
set(CMAKE_CXX_COMPILER_RANLIB ${WEFT_WASM_RANLIB})
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)

set(CMAKE_CXX_FLAGS_INIT "-fno-exceptions -fno-rtti -fno-stack-protector -ffunction-sections -fdata-sections")
set(CMAKE_EXECUTABLE_SUFFIX_CXX .wasm)

# The linker is called directly: the clang driver runs any wasm-opt that it finds on PATH, and Debian's is too old.
# The default stack of 64 KiB overflows silently into data, so it is 1 MiB and lies first, where an overflow traps.
set(WEFT_LLVM_LIB /usr/lib/llvm-19/lib)
set(WEFT_WASI_LIB /usr/lib/wasm32-wasi)
set(CMAKE_CXX_LINK_EXECUTABLE
    "${WEFT_WASM_LD} -m wasm32 -z stack-size=1048576 --stack-first --gc-sections --strip-all \
-L${WEFT_LLVM_LIB}/wasm32-wasi -L${WEFT_WASI_LIB} <LINK_FLAGS> <OBJECTS> <LINK_LIBRARIES> \
-lc++ -lc++abi -lc ${WEFT_LLVM_LIB}/clang/19/lib/wasi/libclang_rt.builtins-wasm32.a -o <TARGET>")

set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)

# What a program starts with: a command has main, a reactor has _initialize and what it exports.
set(WEFT_WASI_COMMAND ${WEFT_WASI_LIB}/crt1-command.o)
set(WEFT_WASI_REACTOR ${WEFT_WASI_LIB}/crt1-reactor.o)
