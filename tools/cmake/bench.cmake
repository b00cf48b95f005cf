# parlance_bench(question SOURCES a.cc ... LINK targets...)
#
# A program that answers one question by measuring; tools/bench builds and runs it by that name. A sanitizer would make
# its answers false, so there it is not built. It allocates as the program does.
add_custom_target(benches)

function(parlance_bench question)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINK")
  if(arg_UNPARSED_ARGUMENTS OR arg_KEYWORDS_MISSING_VALUES)
    message(FATAL_ERROR "parlance_bench(${question}): ${arg_UNPARSED_ARGUMENTS} ${arg_KEYWORDS_MISSING_VALUES}?")
  endif()
  program(bench_${question} SOURCES ${arg_SOURCES} LINK ${arg_LINK})
  if(NOT PARLANCE_SANITIZE)
    target_link_libraries(bench_${question} PRIVATE PkgConfig::jemalloc)
  endif()
  set_target_properties(bench_${question} PROPERTIES
    OUTPUT_NAME ${question} RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bench")
  if(PARLANCE_SANITIZE)
    set_target_properties(bench_${question} PROPERTIES EXCLUDE_FROM_ALL ON)
  endif()
  add_dependencies(benches bench_${question})
endfunction()
