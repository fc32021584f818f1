# Third-party libraries, all from Debian (tools/setup installs them).
#   weft_fmt, weft_json: for the core; header-only for wasm, because Debian's libfmt is native.
#   GoogleTest: native only.
add_library(weft_fmt INTERFACE)
add_library(weft_json INTERFACE)

if(WEFT_WASM)
  # The host's /usr/include must not be searched when compiling for wasm: link only these two folders into the build tree.
  set(WEFT_WASM_INCLUDE ${CMAKE_BINARY_DIR}/include)
  file(MAKE_DIRECTORY ${WEFT_WASM_INCLUDE})
  foreach(library fmt nlohmann)
    find_path(WEFT_HOST_${library} ${library} PATHS /usr/local/include /usr/include
              NO_DEFAULT_PATH NO_CMAKE_FIND_ROOT_PATH REQUIRED)
    file(CREATE_LINK ${WEFT_HOST_${library}}/${library} ${WEFT_WASM_INCLUDE}/${library} SYMBOLIC)
  endforeach()
  target_include_directories(weft_fmt SYSTEM INTERFACE ${WEFT_WASM_INCLUDE})
  target_include_directories(weft_json SYSTEM INTERFACE ${WEFT_WASM_INCLUDE})
  target_compile_definitions(weft_fmt INTERFACE FMT_HEADER_ONLY)
else()
  find_package(fmt REQUIRED)
  find_package(nlohmann_json REQUIRED)
  target_link_libraries(weft_fmt INTERFACE fmt::fmt)
  target_link_libraries(weft_json INTERFACE nlohmann_json::nlohmann_json)
  if(WEFT_TESTS)
    find_package(GTest REQUIRED)
  endif()
endif()
