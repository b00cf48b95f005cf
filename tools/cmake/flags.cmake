# How everything of ours is compiled. Presets differ in CMAKE_BUILD_TYPE and PARLANCE_SANITIZE alone.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_COLOR_DIAGNOSTICS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Debug, Release or RelWithDebInfo" FORCE)
endif()

# No NDEBUG, ever: an assertion that is off in production guards nothing.
set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g")
set(CMAKE_CXX_FLAGS_RELEASE "-O2")
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O1 -g1")

add_compile_options(-Wall -Wextra -Wpedantic -Werror
                    -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor -Woverloaded-virtual
                    -Wcast-qual -Wformat=2 -Wimplicit-fallthrough -Wundef -Wvla
                    # A struct names the members it sets; the others have their defaults.
                    -Wno-missing-field-initializers)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_compile_options(-Wduplicated-cond -Wduplicated-branches -Wlogical-op -Wsuggest-override
                      # g++ 12 guesses these from the optimiser's view of the standard library and is often
                      # wrong; the sanitizers find the true ones.
                      -Wno-maybe-uninitialized -Wno-restrict -Wno-array-bounds -Wno-stringop-overflow
                      -Wno-stringop-overread -Wno-dangling-pointer -Wno-free-nonheap-object)
else()
  add_compile_options(-Winconsistent-missing-override)
endif()

add_compile_definitions(_GLIBCXX_ASSERTIONS)
add_compile_options(-fstack-protector-strong -fno-omit-frame-pointer -ffile-prefix-map=${PROJECT_SOURCE_DIR}/=)
add_link_options(-Wl,-z,relro,-z,now)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  add_compile_options(-fcf-protection -fstack-clash-protection)
endif()

# The command that tests run under. The sanitizers of these compilers lose their shadow memory on kernels that
# randomise addresses more widely than they knew, so there the layout is fixed, where that is permitted.
set(PARLANCE_RUN "")
if(PARLANCE_SANITIZE)
  if(PARLANCE_SANITIZE STREQUAL "address")
    # Without these two the largest files compile in three quarters of the time; a null pointer crashes anyway.
    set(sanitize -fsanitize=address,undefined -fno-sanitize=null,vptr -fno-sanitize-recover=all)
  elseif(PARLANCE_SANITIZE STREQUAL "thread")
    set(sanitize -fsanitize=thread)
    add_compile_options($<$<CXX_COMPILER_ID:GNU>:-Wno-tsan>)  # Asio has fences, which g++ does not see there.
  elseif(PARLANCE_SANITIZE STREQUAL "fuzzer")
    set(sanitize -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all)
  elseif(PARLANCE_SANITIZE STREQUAL "coverage")
    set(sanitize -fprofile-instr-generate -fcoverage-mapping)  # of clang: branches as they were written
  else()
    message(FATAL_ERROR "PARLANCE_SANITIZE is address, thread, fuzzer or coverage, not ${PARLANCE_SANITIZE}")
  endif()
  add_compile_options(${sanitize})
  add_link_options(${sanitize})
  find_program(SETARCH setarch)
  if(SETARCH)
    execute_process(COMMAND ${SETARCH} -R true RESULT_VARIABLE refused OUTPUT_QUIET ERROR_QUIET)
    if(refused EQUAL 0)
      set(PARLANCE_RUN ${SETARCH} -R)
    endif()
  endif()
elseif(NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
  add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
endif()

# Faster where the tools are there; the same result without them. Paths of the source folder are in nothing that is
# compiled (-ffile-prefix-map), so one clone finds what another compiled.
find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${CCACHE})
endif()
find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()
