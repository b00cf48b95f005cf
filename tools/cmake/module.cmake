# module(name SOURCES a.cc ... HEADERS a.h ... PUBLIC targets... PRIVATE targets...)
#
# One folder's library. PUBLIC is what its headers mention, PRIVATE what only its sources use; without sources it is
# a library of headers. A module is named after its folder, engine/base being engine_base, and a folder
# below that, such as adapters/channels/mail, belongs to the layer above it. Includes are written from the project's
# root.
#
# Linking a module of ours against the arrows below stops configuring. The `layers` test holds the #includes to the
# same table, which it reads from here: one `layer -> layers` a line. What a layer may link, it may link with all
# that lies below it.
set(PARLANCE_ARROWS
    "engine_base ->"
    "engine_domain -> engine_base"
    "engine_ports -> engine_base"
    "engine_process -> engine_domain"
    "engine_runtime -> engine_process schemas engine_ports"
    "schemas -> engine_domain"
    "projections -> engine_domain schemas engine_ports"
    "adapters_memory -> engine_ports"
    "adapters_files -> engine_base"
    "adapters_embedded -> engine_ports adapters_files adapters_rocksdb"
    "adapters_kafka -> engine_ports"
    "adapters_rocksdb -> engine_ports adapters_files"
    "adapters_keyring -> engine_ports adapters_files"
    "adapters_web -> engine_ports"
    "adapters_http -> engine_ports engine_runtime projections"
    "adapters_channels -> engine_ports engine_runtime projections"
    "tools -> anything"
    "tests -> anything"
    "bench -> anything")

# The layer a target belongs to: the longest one its name begins with; empty for a library that is not ours.
function(parlance_layer target result)
  set(found "")
  foreach(arrow IN LISTS PARLANCE_ARROWS)
    string(REGEX REPLACE " ->.*" "" layer "${arrow}")
    if("${target}" MATCHES "^${layer}(_|$)")
      set(found ${layer})
    endif()
  endforeach()
  if(NOT found AND "${target}" MATCHES "^(engine|adapters)(_|$)")
    message(FATAL_ERROR "${target} belongs to no layer of tools/cmake/module.cmake")
  endif()
  set(${result} "${found}" PARENT_SCOPE)
endfunction()

# All layers that `layer` may link, itself and what lies below them included.
function(parlance_reachable layer result)
  set(reachable "")
  set(open ${layer})
  while(open)
    list(POP_FRONT open next)
    list(APPEND reachable ${next})
    foreach(arrow IN LISTS PARLANCE_ARROWS)
      if("${arrow}" MATCHES "^${next} -> *(.*)$")
        string(REPLACE " " ";" below "${CMAKE_MATCH_1}")
        list(APPEND open ${below})
      endif()
    endforeach()
    if(open)
      list(REMOVE_ITEM open ${reachable})
    endif()
  endwhile()
  set(${result} "${reachable}" PARENT_SCOPE)
endfunction()

function(parlance_check_arrows name)
  parlance_layer(${name} from)
  if(NOT from)
    message(FATAL_ERROR "${name} belongs to no layer of tools/cmake/module.cmake")
  endif()
  parlance_reachable(${from} reachable)
  foreach(target IN LISTS ARGN)
    parlance_layer("${target}" to)
    if(NOT to OR "${to}" IN_LIST reachable)
      continue()
    endif()
    # Nothing else links tools, tests and bench, and `anything` is for these three.
    if("anything" IN_LIST reachable)
      continue()
    endif()
    message(FATAL_ERROR "${name} may not link ${target}: no arrow leads from ${from} to ${to} "
                        "(the table is in tools/cmake/module.cmake)")
  endforeach()
endfunction()

function(module name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;HEADERS;PUBLIC;PRIVATE")
  if(arg_UNPARSED_ARGUMENTS OR arg_KEYWORDS_MISSING_VALUES)
    message(FATAL_ERROR "module(${name}): ${arg_UNPARSED_ARGUMENTS} ${arg_KEYWORDS_MISSING_VALUES}?")
  endif()
  file(RELATIVE_PATH folder "${PROJECT_SOURCE_DIR}" "${CMAKE_CURRENT_SOURCE_DIR}")
  string(REPLACE "/" "_" expected "${folder}")
  if(NOT name MATCHES "^${expected}(_|$)")
    message(FATAL_ERROR "the module in ${folder} is called ${expected}, or begins so, not ${name}")
  endif()
  parlance_check_arrows(${name} ${arg_PUBLIC} ${arg_PRIVATE})

  if(arg_SOURCES)
    add_library(${name} STATIC ${arg_SOURCES} ${arg_HEADERS})
    target_include_directories(${name} PUBLIC "${PROJECT_SOURCE_DIR}")
    target_link_libraries(${name} PUBLIC ${arg_PUBLIC} PRIVATE ${arg_PRIVATE})
  else()
    add_library(${name} INTERFACE ${arg_HEADERS})
    target_include_directories(${name} INTERFACE "${PROJECT_SOURCE_DIR}")
    target_link_libraries(${name} INTERFACE ${arg_PUBLIC} ${arg_PRIVATE})
  endif()
endfunction()

# program(name SOURCES a.cc ... LINK targets...)
#
# An executable, in the layer of its folder, and at the top of the build directory: build/release/parlance.
function(program name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINK")
  if(arg_UNPARSED_ARGUMENTS OR arg_KEYWORDS_MISSING_VALUES)
    message(FATAL_ERROR "program(${name}): ${arg_UNPARSED_ARGUMENTS} ${arg_KEYWORDS_MISSING_VALUES}?")
  endif()
  file(RELATIVE_PATH folder "${PROJECT_SOURCE_DIR}" "${CMAKE_CURRENT_SOURCE_DIR}")
  string(REPLACE "/" "_" layer "${folder}")
  parlance_check_arrows(${layer} ${arg_LINK})
  add_executable(${name} ${arg_SOURCES})
  target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}")
  target_link_libraries(${name} PRIVATE ${arg_LINK})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}")
endfunction()
