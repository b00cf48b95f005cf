# flatbuffers_schema(target FILES a.fbs ...)
#
# Generates a_generated.h and a.bfbs for each file, in the folder of the build directory that mirrors the current one,
# and makes `target`, which a codec links PRIVATE to write #include "schemas/a_generated.h". The target's
# property BFBS lists the .bfbs files. A file may include another as "schemas/b.fbs".
set(PARLANCE_GENERATED "${PROJECT_BINARY_DIR}/generated")

function(flatbuffers_schema target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "FILES")
  file(RELATIVE_PATH folder "${PROJECT_SOURCE_DIR}" "${CMAKE_CURRENT_SOURCE_DIR}")
  set(out "${PARLANCE_GENERATED}/${folder}")
  file(MAKE_DIRECTORY "${out}")
  list(TRANSFORM arg_FILES PREPEND "${CMAKE_CURRENT_SOURCE_DIR}/" OUTPUT_VARIABLE sources)

  set(headers "")
  set(bfbs "")
  foreach(source IN LISTS sources)
    get_filename_component(stem "${source}" NAME_WE)
    set(flags -I "${PROJECT_SOURCE_DIR}" -o "${out}" --require-explicit-ids --warnings-as-errors)
    # All files are dependencies of each, since they may include one another.
    add_custom_command(
      OUTPUT "${out}/${stem}_generated.h" "${out}/${stem}.bfbs"
      COMMAND flatbuffers::flatc --cpp --scoped-enums --keep-prefix ${flags} "${source}"
      COMMAND flatbuffers::flatc --binary --schema --bfbs-comments --bfbs-builtins ${flags} "${source}"
      DEPENDS ${sources}
      COMMENT "flatc ${folder}/${stem}.fbs"
      VERBATIM)
    list(APPEND headers "${out}/${stem}_generated.h")
    list(APPEND bfbs "${out}/${stem}.bfbs")
  endforeach()

  add_custom_target(${target}_generate DEPENDS ${headers} ${bfbs})
  add_library(${target} INTERFACE)
  add_dependencies(${target} ${target}_generate)
  target_include_directories(${target} SYSTEM INTERFACE "${PARLANCE_GENERATED}")
  target_link_libraries(${target} INTERFACE flatbuffers::flatbuffers)
  set_target_properties(${target} PROPERTIES BFBS "${bfbs}")
endfunction()
