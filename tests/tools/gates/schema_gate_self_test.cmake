# Releases the real schemas into a folder of its own and then spoils that folder: the gate must see each.
function(gate outcome says)
  execute_process(COMMAND ${GATE} ${ARGN} ${FOLDER} ${NOW} RESULT_VARIABLE result ERROR_VARIABLE errors
                  OUTPUT_VARIABLE output)
  if(NOT result STREQUAL outcome OR NOT "${errors}${output}" MATCHES "${says}")
    message(FATAL_ERROR "schema_gate ${ARGN}: expected ${outcome} and '${says}', got ${result}:\n${errors}${output}")
  endif()
endfunction()

file(REMOVE_RECURSE ${FOLDER})
file(MAKE_DIRECTORY ${FOLDER})
gate(0 "")
gate(0 "released conversation.1.bfbs" --release)
gate(0 "")
gate(0 "^$" --release)  # What is released already is not released again.

file(RENAME ${FOLDER}/door.1.bfbs ${FOLDER}/kept)
gate(1 "door.1.bfbs was released and is gone")
file(COPY_FILE ${FOLDER}/desk.1.bfbs ${FOLDER}/door.1.bfbs)
gate(1 "door.1.bfbs is not what was released")
gate(1 "door.1.bfbs is not what was released" --release)
file(RENAME ${FOLDER}/kept ${FOLDER}/door.1.bfbs)
gate(0 "")

file(COPY_FILE ${FOLDER}/desk.1.bfbs ${FOLDER}/desk.2.bfbs)
gate(1 "desk.2.bfbs is not in ids.txt")
file(RENAME ${FOLDER}/desk.2.bfbs ${FOLDER}/gone.1.bfbs)
gate(1 "gone.fbs was removed or renamed")
file(REMOVE ${FOLDER}/gone.1.bfbs)
file(WRITE ${FOLDER}/door.1.bfbs "not a schema")
gate(1 "door.1: not a schema that flatc wrote")

# Two schemas, one identifier.
file(REMOVE_RECURSE ${FOLDER})
file(MAKE_DIRECTORY ${FOLDER}/now)
file(COPY_FILE ${NOW}/desk.bfbs ${FOLDER}/now/desk.bfbs)
file(COPY_FILE ${NOW}/desk.bfbs ${FOLDER}/now/front_desk.bfbs)
set(NOW ${FOLDER}/now)
gate(1 "front_desk.fbs: file_identifier DESK is that of desk.fbs")
file(REMOVE_RECURSE ${FOLDER}/now)
file(MAKE_DIRECTORY ${FOLDER}/now)
gate(1 "no schemas")
