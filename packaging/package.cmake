# What is installed beside the programs and the library, and the packages that CPack makes of it: .deb and .tar.gz.
# Two components: `program`, which is what no rule names another for, and `library`.

# Completions, out of the option rows.
set(completions ${CMAKE_CURRENT_SOURCE_DIR}/packaging/completions)
add_executable(option_rows ${completions}/option_rows.cpp)
target_link_libraries(option_rows PRIVATE logrelay_app)
set_target_properties(option_rows PROPERTIES INTERPROCEDURAL_OPTIMIZATION OFF)
set(completed)
foreach(program logrelay logrelayctl)
  foreach(shell bash zsh fish)
    set(completed_file completions/${program}.${shell})
    add_custom_command(OUTPUT ${completed_file}
      COMMAND ${CMAKE_COMMAND} -E make_directory completions
      COMMAND option_rows ${program} ${completions}/complete.awk ${completions}/template.${shell} > ${completed_file}
      DEPENDS option_rows ${completions}/complete.awk ${completions}/template.${shell} VERBATIM)
    list(APPEND completed ${CMAKE_CURRENT_BINARY_DIR}/${completed_file})
  endforeach()
  set(made ${CMAKE_CURRENT_BINARY_DIR}/completions/${program})
  install(FILES ${made}.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME ${program})
  install(FILES ${made}.zsh DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions RENAME _${program})
  install(FILES ${made}.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
endforeach()
add_custom_target(completions ALL DEPENDS ${completed})

set(CPACK_PACKAGE_NAME logrelay)
set(CPACK_PACKAGE_VENDOR "The logrelay authors")
set(CPACK_PACKAGE_CONTACT "The logrelay authors <logrelay@users.noreply.github.com>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "")  # each package has its own
set(CPACK_RESOURCE_FILE_LICENSE ${CMAKE_CURRENT_SOURCE_DIR}/LICENSE)
set(CPACK_PACKAGE_FILE_NAME logrelay-${PROJECT_VERSION}-${CMAKE_SYSTEM_NAME}-${CMAKE_SYSTEM_PROCESSOR})
set(CPACK_PACKAGE_CHECKSUM SHA256)
set(CPACK_STRIP_FILES ON)
set(CPACK_GENERATOR TGZ DEB)
set(CPACK_ARCHIVE_COMPONENT_INSTALL OFF)

set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_CURRENT_SOURCE_DIR}/packaging/debian/finish.cmake)
get_cmake_property(CPACK_COMPONENTS_ALL COMPONENTS)  # CPack takes one alone for none
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 0logrelay1)  # of the authors: one that Debian makes of the same version is newer
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)

set(CPACK_DEBIAN_PROGRAM_PACKAGE_NAME logrelay)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SUGGESTS "ca-certificates")
set(CPACK_DEBIAN_PROGRAM_DESCRIPTION "log relay that never stalls the program that writes
logrelay is the last | of a pipeline. It reads lines from standard input, from
pipes and sockets, or from a command that it runs, and relays every line to any
number of outputs: files that rotate, remote endpoints, a command, the next
program. An output that is slow, full or dead stalls neither the program that
writes the lines nor the other outputs.

No line is lost without being counted and announced.")

set(CPACK_DEBIAN_LIBRARY_PACKAGE_NAME liblogrelay-dev)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_DEPENDS "libfmt-dev, libspdlog-dev, libre2-dev, libssl-dev, libzstd-dev, zlib1g-dev")
set(CPACK_DEBIAN_LIBRARY_PACKAGE_RECOMMENDS "libboost1.81-dev")
set(CPACK_DEBIAN_LIBRARY_DESCRIPTION "development files of a log relay that never stalls its writer
logrelay relays lines to files, remote endpoints and commands without ever
making the program wait that writes them.

This package has the static library and the headers with which a program does
so by itself, and what CMake and pkg-config need to find them.")
include(CPack)
