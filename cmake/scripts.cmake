# Scripts for guests are in FOLDER/NAME_scripts/*.sh and *.ps1, one file per script, and become the header
# FOLDER/NAME_scripts.hpp: a `std::string_view` for each file, in the namespace vmms::guest::NAME_scripts.
#
# A line `. ./part.sh` stands for what is in that file, as it does for the shell. Lines that begin with # are for
# readers and shellcheck, and are left out.

function(vmms_scripts TARGET)
  file(GLOB_RECURSE scripts CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/guest/*.sh ${CMAKE_SOURCE_DIR}/src/guest/*.ps1)
  set(generated ${CMAKE_BINARY_DIR}/generated/scripts)
  set(folders)
  foreach(script IN LISTS scripts)
    get_filename_component(folder ${script} DIRECTORY)
    list(APPEND folders ${folder})
  endforeach()
  list(REMOVE_DUPLICATES folders)
  foreach(folder IN LISTS folders)
    file(RELATIVE_PATH header ${CMAKE_SOURCE_DIR}/src ${folder}.hpp)
    # By name, so that one that goes changes the command.
    set(of_folder ${scripts})
    list(FILTER of_folder INCLUDE REGEX "^${folder}/[^/]+$")
    add_custom_command(
      OUTPUT ${generated}/${header}
      COMMAND ${CMAKE_COMMAND} -DHEADER=${generated}/${header} "-DSCRIPTS=${of_folder}" -P ${CMAKE_SOURCE_DIR}/cmake/embed_scripts.cmake
      DEPENDS ${scripts} ${CMAKE_SOURCE_DIR}/cmake/embed_scripts.cmake
      COMMENT "scripts ${header}"
      VERBATIM)
    target_sources(${TARGET} PRIVATE ${generated}/${header})
  endforeach()
  target_include_directories(${TARGET} PUBLIC ${generated})
endfunction()
