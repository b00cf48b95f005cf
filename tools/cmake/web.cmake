# web_page(target HEADER path FUNCTION name)
#
# Builds the page in the current folder with npm and embeds what comes out, as embed() does. PARLANCE_PAGE says how much
# it matters: ON, it must be built; OFF, it is not; AUTO, it is where npm is found and works. Without it the binary has
# one small page that says so.
set(PARLANCE_PAGE AUTO CACHE STRING "Build the page: ON, OFF, or AUTO (where npm is found)")
set_property(CACHE PARLANCE_PAGE PROPERTY STRINGS AUTO ON OFF)

function(web_page target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "HEADER;FUNCTION" "")
  set(missing "${PROJECT_SOURCE_DIR}/tools/cmake/page_missing")
  find_program(NPM npm)
  if(NOT EXISTS "${CMAKE_CURRENT_SOURCE_DIR}/package.json")
    set(PARLANCE_PAGE OFF)
  endif()
  if(PARLANCE_PAGE STREQUAL "OFF" OR (PARLANCE_PAGE STREQUAL "AUTO" AND NOT NPM))
    message(STATUS "The page is not built (PARLANCE_PAGE=${PARLANCE_PAGE}, npm: ${NPM})")
    embed(${target} HEADER ${arg_HEADER} FUNCTION ${arg_FUNCTION} DIRECTORY "${missing}")
    return()
  elseif(NOT NPM)
    message(FATAL_ERROR "The page needs npm, which was not found; tools/run installs it, "
                        "-DPARLANCE_PAGE=OFF does without")
  endif()

  # node_modules is large and changes with package-lock.json alone.
  file(GLOB entries CONFIGURE_DEPENDS "*" ".npmrc")
  set(sources "")
  foreach(entry IN LISTS entries)
    if(entry MATCHES "/(node_modules|dist)$")
      continue()
    elseif(IS_DIRECTORY "${entry}")
      file(GLOB_RECURSE files CONFIGURE_DEPENDS "${entry}/*")
      list(APPEND sources ${files})
    else()
      list(APPEND sources "${entry}")
    endif()
  endforeach()

  # A file that is added or goes may be older than the page.
  file(CONFIGURE OUTPUT "${CMAKE_CURRENT_BINARY_DIR}/page.sources" CONTENT "${sources}")

  set(page "${CMAKE_CURRENT_BINARY_DIR}/page")
  # A plain cmake build is for people who want the engine, perhaps far from any registry: it may go without.
  set(otherwise "")
  if(PARLANCE_PAGE STREQUAL "AUTO")
    set(otherwise "${missing}")
  endif()
  add_custom_command(
    OUTPUT "${page}.stamp"
    COMMAND sh "${PROJECT_SOURCE_DIR}/tools/lib/page.sh" "${CMAKE_CURRENT_SOURCE_DIR}" "${page}" ${otherwise}
    COMMAND ${CMAKE_COMMAND} -E touch "${page}.stamp"
    DEPENDS ${sources} "${CMAKE_CURRENT_BINARY_DIR}/page.sources" "${PROJECT_SOURCE_DIR}/tools/lib/page.sh"
    COMMENT "Building the page"
    VERBATIM)
  embed(${target} HEADER ${arg_HEADER} FUNCTION ${arg_FUNCTION} DIRECTORY "${page}" DEPENDS "${page}.stamp")
endfunction()
