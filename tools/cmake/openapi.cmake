# openapi(target SOURCE file.yaml HEADER path FUNCTION name)
#
# Makes openapi.json and openapi.yaml of the API's document when building (tools/lib/openapi.py) and embeds both, as
# embed() does.

# Another python3 may come first in the PATH, without what apt installed.
function(parlance_python_has_yaml result python)
  execute_process(COMMAND "${python}" -c "import yaml" RESULT_VARIABLE failed OUTPUT_QUIET ERROR_QUIET)
  if(failed)
    set(${result} FALSE PARENT_SCOPE)
  endif()
endfunction()
find_program(PYTHON_YAML NAMES python3 PATHS /usr/bin VALIDATOR parlance_python_has_yaml
             DOC "A python3 that has the module yaml")
if(NOT PYTHON_YAML)
  message(FATAL_ERROR "The API's document needs python3 with the module yaml: apt-get install python3-yaml")
endif()

function(openapi target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "SOURCE;HEADER;FUNCTION" "")
  get_filename_component(source "${arg_SOURCE}" ABSOLUTE)
  set(made "${CMAKE_CURRENT_BINARY_DIR}/openapi")
  set(script "${PROJECT_SOURCE_DIR}/tools/lib/openapi.py")
  add_custom_command(
    OUTPUT "${made}/openapi.json" "${made}/openapi.yaml" "${made}.stamp"
    COMMAND "${PYTHON_YAML}" "${script}" "${source}" "${made}"
    COMMAND ${CMAKE_COMMAND} -E touch "${made}.stamp"
    DEPENDS "${source}" "${script}"
    COMMENT "Making openapi.json"
    VERBATIM)
  embed(${target} HEADER ${arg_HEADER} FUNCTION ${arg_FUNCTION} DIRECTORY "${made}" DEPENDS "${made}.stamp")
endfunction()
