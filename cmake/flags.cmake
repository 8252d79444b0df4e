# SPDX-License-Identifier: Apache-2.0
# One interface target carries every compile flag of our own code.
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo)
endif()
# -O3 for the data path, -g1 for readable stacks and profiles without the cost of full debug info.
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O3 -g1")

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

add_library(gristmill_flags INTERFACE)
target_compile_features(gristmill_flags INTERFACE cxx_std_20)
target_include_directories(gristmill_flags INTERFACE ${PROJECT_SOURCE_DIR}/src)
# x86-64-v3 (AVX2, BMI2) is the floor: every server since 2013; wider code sits behind runtime dispatch.
target_compile_options(gristmill_flags INTERFACE
  -march=x86-64-v3 -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor
  # Designated initialisers leave the rest at its default on purpose.
  -Wno-missing-field-initializers
  # False alarms of g++ 12 in std::string::insert and append (GCC bug 105651).
  -Wno-restrict
  # Report files with the path below the source root: binaries carry no build machine's paths.
  -ffile-prefix-map=${PROJECT_SOURCE_DIR}/=)
if(GRISTMILL_WERROR)
  target_compile_options(gristmill_flags INTERFACE -Werror)
endif()
if(GRISTMILL_SANITIZE)
  target_compile_options(gristmill_flags INTERFACE
    -fsanitize=${GRISTMILL_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all -D_GLIBCXX_ASSERTIONS
    # Instrumented code makes g++ 12 warn of overflows that cannot happen; the plain build is the one that checks.
    -O1 -Wno-stringop-overflow -Wno-array-bounds -Wno-maybe-uninitialized -Wno-uninitialized -Wno-restrict
    -Wno-null-dereference
    # Asio has fences beside its locks; the locks are what the thread sanitizer sees.
    -Wno-tsan)
  target_link_options(gristmill_flags INTERFACE -fsanitize=${GRISTMILL_SANITIZE})
endif()
find_program(MOLD mold)
if(MOLD)
  target_link_options(gristmill_flags INTERFACE $<$<NOT:$<BOOL:$<TARGET_PROPERTY:LINKS_WITH_BFD>>>:-fuse-ld=mold>)
endif()
