#pragma once
/// Descriptors that we were started with. The shell and other programs share their open file description, so no flag of
/// it is ever changed, O_NONBLOCK least of all: what needs another flag is opened anew by /proc/self/fd.
#include <logrelay/util/fd.hpp>

#include <sys/types.h>

namespace logrelay {

enum class descriptor_kind { closed, regular, pipe, terminal, socket, other };

[[nodiscard]] descriptor_kind kind_of(int number);

/// A description of our own of the same pipe or terminal, non-blocking, with `access` O_RDONLY or O_WRONLY; nothing
/// where that is not allowed (another user's pipe or terminal) or not possible (a socket).
[[nodiscard]] fd open_anew(int number, int access);

/// Puts /dev/null in the place of an inherited descriptor, so that its other end sees us leave when our own closes, and
/// nothing that is opened later gets its number. `access` as above.
void retire(int number, int access);

/// Puts something in the place of a descriptor that is closed, so that no file of ours becomes it: an O_PATH
/// descriptor, which nothing can be read from or written to (kind_of: closed). Before anything is opened.
void hold_place(int number);
/// The same for stdin, stdout and stderr. First thing in main.
void fill_standard_descriptors();

}  // namespace logrelay
