# CPack runs this on the files of each package before it packs them: what Debian wants otherwise than `cmake --install`
# has it. https://www.debian.org/doc/debian-policy/
if(NOT CPACK_GENERATOR STREQUAL DEB)
  return()
endif()

function(compress file as)
  execute_process(COMMAND gzip -9nc ${file} OUTPUT_FILE ${as} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

function(finish root package)
  set(share ${root}/usr/share)
  set(doc ${share}/doc/${package})
  file(REMOVE ${doc}/LICENSE)  # the copyright file has it
  file(COPY ${CMAKE_CURRENT_LIST_DIR}/copyright DESTINATION ${doc})
  if(EXISTS ${CMAKE_CURRENT_LIST_DIR}/${package}.lintian-overrides)
    configure_file(${CMAKE_CURRENT_LIST_DIR}/${package}.lintian-overrides ${share}/lintian/overrides/${package} COPYONLY)
  endif()
  compress(${CMAKE_CURRENT_LIST_DIR}/changelog ${doc}/changelog.Debian.gz)
  compress(${CMAKE_CURRENT_LIST_DIR}/../../CHANGELOG.md ${doc}/changelog.gz)
  file(REMOVE ${doc}/CHANGELOG.md)

  file(GLOB pages ${share}/man/man*/*[0-9])
  foreach(page ${pages})
    compress(${page} ${page}.gz)
    file(REMOVE ${page})
  endforeach()

  if(EXISTS ${share}/zsh)
    file(RENAME ${share}/zsh/site-functions ${share}/zsh/vendor-completions)  # the other is the administrator's
  endif()

  # cmake --install strips programs. Objects for link-time optimisation fit one version of one compiler only.
  file(GLOB_RECURSE archives ${root}/usr/lib/*.a)
  foreach(archive ${archives})
    execute_process(COMMAND strip --strip-debug --enable-deterministic-archives --remove-section=.comment --remove-section=.note
      --remove-section=.gnu.lto_* --remove-section=.gnu.debuglto_* -N __gnu_lto_slim -N __gnu_lto_v1 ${archive} COMMAND_ERROR_IS_FATAL ANY)
  endforeach()
  execute_process(COMMAND chmod -R u=rwX,go=rX ${root} COMMAND_ERROR_IS_FATAL ANY)  # whatever umask this runs under
endfunction()

if(EXISTS ${CPACK_TEMPORARY_DIRECTORY}/program)
  finish(${CPACK_TEMPORARY_DIRECTORY}/program logrelay)
endif()
if(EXISTS ${CPACK_TEMPORARY_DIRECTORY}/library)
  finish(${CPACK_TEMPORARY_DIRECTORY}/library liblogrelay-dev)
endif()
