# Compiler flags and options that every target shares.
option(WEFT_TESTS "build the unit tests" ON)
option(WEFT_FUZZ "build the libFuzzer targets of tests/fuzz (clang only)" OFF)
option(WEFT_COVERAGE "instrument for gcov" OFF)
set(WEFT_SANITIZE "" CACHE STRING "comma-separated sanitizers, as -fsanitize= takes them")

if(CMAKE_SYSTEM_NAME STREQUAL "WASI")
  set(WEFT_WASM ON)
else()
  set(WEFT_WASM OFF)
endif()

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()
set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_SCAN_FOR_MODULES OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
# assert() stays on in every build: it guards the libraries that are used without exceptions.
set(CMAKE_CXX_FLAGS_RELEASE "-O2")

if(NOT CMAKE_CXX_COMPILER_LAUNCHER)
  find_program(WEFT_CCACHE ccache)
  if(WEFT_CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${WEFT_CCACHE})
  endif()
endif()

# What every target is compiled with. JSON_NOEXCEPTION is here so that tests see the same nlohmann::json as the core.
add_library(weft_options INTERFACE)
target_include_directories(weft_options INTERFACE ${CMAKE_CURRENT_SOURCE_DIR}/src)
target_compile_options(weft_options INTERFACE -ffp-contract=off -Wall -Wextra -Wshadow -Wpedantic -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND NOT WEFT_WASM)
  # libstdc++ 12's own std::stable_sort uses what C++17 deprecated; clang reports it at our call.
  target_compile_options(weft_options INTERFACE -Wno-deprecated-declarations)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 takes the unused alternatives of a std::variant for uninitialised values.
  target_compile_options(weft_options INTERFACE -Wno-maybe-uninitialized)
endif()
target_compile_definitions(weft_options INTERFACE JSON_NOEXCEPTION)
# __FILE__ reaches the output only through messages of internal errors; keep machine paths out of the artefacts.
target_compile_options(weft_options INTERFACE -ffile-prefix-map=${CMAKE_CURRENT_SOURCE_DIR}/=)

# What the core adds: it runs where there is no unwinder.
set(WEFT_CORE_FLAGS -fno-exceptions -fno-rtti)

if(WEFT_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(WEFT_SANITIZE)
  # vptr needs RTTI, which the core does without.
  add_compile_options(-fsanitize=${WEFT_SANITIZE} -fno-sanitize=vptr -fno-sanitize-recover=all -fno-omit-frame-pointer -g1)
  add_link_options(-fsanitize=${WEFT_SANITIZE})
endif()
if(WEFT_COVERAGE)
  add_compile_options(--coverage -O0 -g)
  add_link_options(--coverage)
endif()
