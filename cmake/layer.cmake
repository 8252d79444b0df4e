# SPDX-License-Identifier: Apache-2.0
# gristmill_layer(NAME DEPENDENCY...): one static, position-independent library for src/gristmill/NAME.
function(gristmill_layer name)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/gristmill/${name}/*.cc)
  if(NOT sources)
    file(WRITE ${PROJECT_BINARY_DIR}/empty_${name}.cc "")
    set(sources ${PROJECT_BINARY_DIR}/empty_${name}.cc)
  endif()
  add_library(gristmill_${name} STATIC ${sources})
  set_target_properties(gristmill_${name} PROPERTIES LINKER_LANGUAGE CXX)
  list(TRANSFORM ARGN PREPEND gristmill::)
  target_link_libraries(gristmill_${name} PUBLIC gristmill_flags ${ARGN})
  add_library(gristmill::${name} ALIAS gristmill_${name})
endfunction()

# gristmill_face(NAME FOLDER LAYER...): the layers that the sources of a face may see, as gristmill::NAME.
function(gristmill_face name folder)
  add_library(gristmill_${name} INTERFACE)
  list(TRANSFORM ARGN PREPEND gristmill::)
  target_link_libraries(gristmill_${name} INTERFACE gristmill_flags ${ARGN})
  add_library(gristmill::${name} ALIAS gristmill_${name})
endfunction()
