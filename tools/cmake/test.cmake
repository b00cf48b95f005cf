# parlance_test(name SOURCES a_test.cc ... LINK targets... [LABELS ...] [TIMEOUT seconds] [TOGETHER n])
#
# TOGETHER: n sources are compiled as one. Where all of them use the same large types most of the time goes into these, and that once
# instead of n times; nothing of one file may then bear the name of something in another.
#
# One doctest binary, and one test of CTest named after it without the leading tests_. Its label is the first folder
# below tests/. Its main is tests/support/main.cc.
#
# parlance_fuzz(name SOURCES a_fuzz.cc LINK targets... CORPUS folder)
#
# A libFuzzer target. Built by the fuzz preset it fuzzes; built by any other it runs as a test over its corpus, once as it is and then with
# each allocation failing in turn (tests/support/fuzz_main.cc). `cmake --build build/fuzz --target fuzzers` builds all of them;
# tests/support/fuzz.py runs them.

# parlance_command_test(name COMMAND what... [LABELS ...] [TIMEOUT seconds] [DIRECTORY folder])
#
# A test of CTest that is a command of another kind, such as a script. It has the label `command` too: it tests the released program,
# so that the builds for ThreadSanitizer and coverage leave it out.
#
# Every test finds the program to start in the environment as PARLANCE_PROGRAM: the one of this build or, under a
# sanitizer, that of the release preset, which is what people run and fast enough to be killed a thousand times; and
# as PARLANCE_FAULTY_DISK the library that lets its disk fail (tests/support/faulty_disk.cc).
set(PARLANCE_PROGRAM "${PROJECT_BINARY_DIR}/parlance" CACHE FILEPATH "The program that tests start")

function(parlance_ctest name labels timeout)
  if(PARLANCE_SANITIZE STREQUAL "thread")
    math(EXPR timeout "4 * ${timeout}")
  endif()
  add_test(NAME ${name} COMMAND ${ARGN})
  set_tests_properties(${name} PROPERTIES LABELS "${labels}" TIMEOUT ${timeout})
  set_property(TEST ${name} PROPERTY ENVIRONMENT
    "PARLANCE_PROGRAM=${PARLANCE_PROGRAM}"
    "PARLANCE_FAULTY_DISK=$<TARGET_FILE:tests_faulty_disk>"
    "ASAN_OPTIONS=detect_stack_use_after_return=1"
    "UBSAN_OPTIONS=print_stacktrace=1"
    "TSAN_OPTIONS=halt_on_error=1"
    "LLVM_PROFILE_FILE=${PROJECT_BINARY_DIR}/profiles/%2m.profraw")
endfunction()

function(parlance_command_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT;DIRECTORY" "COMMAND;LABELS")
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  if(NOT arg_DIRECTORY)
    set(arg_DIRECTORY "${PROJECT_SOURCE_DIR}")
  endif()
  parlance_ctest(${name} "${arg_LABELS};command" ${arg_TIMEOUT} ${arg_COMMAND})
  set_tests_properties(${name} PROPERTIES WORKING_DIRECTORY "${arg_DIRECTORY}")
endfunction()

function(parlance_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT;TOGETHER" "SOURCES;LINK;LABELS")
  if(arg_UNPARSED_ARGUMENTS OR arg_KEYWORDS_MISSING_VALUES)
    message(FATAL_ERROR "parlance_test(${name}): ${arg_UNPARSED_ARGUMENTS} ${arg_KEYWORDS_MISSING_VALUES}?")
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  file(RELATIVE_PATH folder "${PROJECT_SOURCE_DIR}/tests" "${CMAKE_CURRENT_SOURCE_DIR}")
  string(REGEX REPLACE "/.*" "" label "${folder}")
  string(REGEX REPLACE "^tests_" "" name "${name}")

  add_executable(tests_${name} ${arg_SOURCES})
  target_include_directories(tests_${name} PRIVATE "${PROJECT_SOURCE_DIR}")
  target_link_libraries(tests_${name} PRIVATE ${arg_LINK} tests_main)
  if(arg_TOGETHER)
    set_target_properties(tests_${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${arg_TOGETHER})
  endif()
  parlance_ctest(${name} "${label};${arg_LABELS}" ${arg_TIMEOUT} ${PARLANCE_RUN} $<TARGET_FILE:tests_${name}>)
endfunction()

function(parlance_fuzz name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "CORPUS" "SOURCES;LINK")
  add_executable(${name} ${arg_SOURCES})
  target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}")
  target_link_libraries(${name} PRIVATE ${arg_LINK})
  if(NOT TARGET fuzzers)
    add_custom_target(fuzzers)
  endif()
  add_dependencies(fuzzers ${name})
  file(GENERATE OUTPUT "${PROJECT_BINARY_DIR}/fuzzers/${name}"
       CONTENT "$<TARGET_FILE:${name}>\n${CMAKE_CURRENT_SOURCE_DIR}/${arg_CORPUS}\n")
  if(PARLANCE_SANITIZE STREQUAL "fuzzer")
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    set(found "${CMAKE_CURRENT_BINARY_DIR}/${name}.found")  # what it finds goes here, and is tried first the next time
    file(MAKE_DIRECTORY "${found}")
    parlance_ctest(${name} fuzz 300 ${PARLANCE_RUN} $<TARGET_FILE:${name}> -max_total_time=60 -timeout=10
                   "-artifact_prefix=${found}/" "${found}" "${CMAKE_CURRENT_SOURCE_DIR}/${arg_CORPUS}")
  else()
    target_sources(${name} PRIVATE "${PROJECT_SOURCE_DIR}/tests/support/fuzz_main.cc")
    parlance_ctest(${name} fuzz 120 ${PARLANCE_RUN} $<TARGET_FILE:${name}> "${CMAKE_CURRENT_SOURCE_DIR}/${arg_CORPUS}")
  endif()
endfunction()
