# A language of ours: FOLDER/NAME.y (lemon) and FOLDER/NAME.re (re2c) become sources of TARGET. What lemon writes is C
# and is included by the folder's parser.cpp.
find_program(LEMON lemon REQUIRED)
find_program(RE2C re2c REQUIRED)

function(vmms_grammar TARGET FOLDER NAME)
  set(source ${CMAKE_SOURCE_DIR}/${FOLDER})
  set(generated ${CMAKE_CURRENT_BINARY_DIR}/generated/${NAME})
  file(MAKE_DIRECTORY ${generated})
  add_custom_command(
    OUTPUT ${generated}/${NAME}.c ${generated}/${NAME}.h
    COMMAND ${LEMON} -q -d${generated} ${source}/${NAME}.y
    DEPENDS ${source}/${NAME}.y
    COMMENT "lemon ${NAME}.y"
    VERBATIM)
  add_custom_command(
    OUTPUT ${generated}/${NAME}_lexer.cpp
    COMMAND ${RE2C} -W --no-debug-info --no-generation-date -o ${generated}/${NAME}_lexer.cpp ${source}/${NAME}.re
    DEPENDS ${source}/${NAME}.re
    COMMENT "re2c ${NAME}.re"
    VERBATIM)
  target_sources(${TARGET} PRIVATE ${generated}/${NAME}_lexer.cpp ${generated}/${NAME}.h ${generated}/${NAME}.c)
  set_source_files_properties(${generated}/${NAME}.c PROPERTIES HEADER_FILE_ONLY ON)
  target_include_directories(${TARGET} PRIVATE ${generated})
  # Which comparisons are always true depends on the grammar.
  set_source_files_properties(${source}/parser.cpp TARGET_DIRECTORY ${TARGET} PROPERTIES COMPILE_OPTIONS -Wno-type-limits)
endfunction()
