# Components that export wasi:nn: runtimes/component.
#   weft_component_exports  the interfaces by the canonical ABI, as objects: what links them defines component/provider.hpp
#   weft-component.wasm     with the backend of one compiled model, for `weft compile --emit component`
function(weft_component)
  set(root ${CMAKE_SOURCE_DIR}/runtimes)
  file(GLOB exports CONFIGURE_DEPENDS ${root}/component/*.cpp)
  add_library(weft_component_exports OBJECT ${exports} ${CMAKE_SOURCE_DIR}/tools/core_main/wasi_stubs.cpp)
  target_compile_options(weft_component_exports PRIVATE ${WEFT_CORE_FLAGS} -Os -mbulk-memory)
  target_link_libraries(weft_component_exports PUBLIC weft_nn)
  file(GLOB model CONFIGURE_DEPENDS ${root}/component/model/*.cpp)
  add_executable(weft-component ${model})
  target_compile_options(weft-component PRIVATE ${WEFT_CORE_FLAGS} -Os -mbulk-memory)
  target_link_libraries(weft-component PRIVATE weft_component_exports weft_machine)
  target_link_options(weft-component PRIVATE ${WEFT_WASI_REACTOR} --entry=_initialize)
endfunction()

# weft-componentize, which makes a component of a host module that stands alone.
function(weft_componentize_main)
  add_executable(weft-componentize ${CMAKE_SOURCE_DIR}/tools/componentize/main.cpp)
  target_compile_options(weft-componentize PRIVATE ${WEFT_CORE_FLAGS})
  target_link_libraries(weft-componentize PRIVATE weft_componentize)
endfunction()
