# SPDX-License-Identifier: Apache-2.0
# Libraries come from Debian packages (tools/packages.txt); Arrow C++ from the pinned pyarrow wheel.
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(OpenSSL REQUIRED)
# FindPostgreSQL asks for the server's headers too; the client's are enough.
find_path(GRISTMILL_LIBPQ_INCLUDE libpq-fe.h PATH_SUFFIXES postgresql REQUIRED)
find_library(GRISTMILL_LIBPQ pq REQUIRED)
add_library(libpq UNKNOWN IMPORTED)
set_target_properties(libpq PROPERTIES IMPORTED_LOCATION ${GRISTMILL_LIBPQ}
  INTERFACE_INCLUDE_DIRECTORIES ${GRISTMILL_LIBPQ_INCLUDE})

# The wheel has no CMake package and no unversioned .so names: ask it where it is.
find_program(GRISTMILL_PYTHON python HINTS ${PROJECT_SOURCE_DIR}/.venv/bin NO_DEFAULT_PATH)
if(NOT GRISTMILL_PYTHON)
  find_program(GRISTMILL_PYTHON python3 REQUIRED)
endif()
execute_process(
  COMMAND ${GRISTMILL_PYTHON} -c
    "import pyarrow as a, os
print(a.get_include(), os.path.dirname(a.__file__), a.cpp_build_info.so_version, a.__version__, sep=';')"
  OUTPUT_VARIABLE arrow_facts OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE arrow_missing)
if(arrow_missing)
  message(FATAL_ERROR "pyarrow is not installed in ${GRISTMILL_PYTHON}: run tools/setup.sh")
endif()
list(GET arrow_facts 0 arrow_include)
list(GET arrow_facts 1 arrow_lib)
list(GET arrow_facts 2 arrow_soversion)
list(GET arrow_facts 3 arrow_version)
if(NOT arrow_version MATCHES "^26\\.0\\.")
  message(FATAL_ERROR "pyarrow ${arrow_version} found, 26.0.x needed (the library names carry the version)")
endif()
foreach(library arrow parquet arrow_compute)
  add_library(arrow_wheel::${library} SHARED IMPORTED)
  set_target_properties(arrow_wheel::${library} PROPERTIES
    IMPORTED_LOCATION ${arrow_lib}/lib${library}.so.${arrow_soversion}
    INTERFACE_INCLUDE_DIRECTORIES ${arrow_include}
    INTERFACE_SYSTEM_INCLUDE_DIRECTORIES ${arrow_include})
endforeach()
set_target_properties(arrow_wheel::parquet PROPERTIES INTERFACE_LINK_LIBRARIES arrow_wheel::arrow)
message(STATUS "Arrow C++ ${arrow_version} from ${arrow_lib}")
