#pragma once
/// The first process of a container: it has to wait for every process whose parent has died, and gets no signal that it
/// does not ask for. That is a small process of its own, which passes signals on to the relay, its child, and leaves with
/// the relay's status; so the relay itself is the same program there as anywhere else. See pid_namespaces(7).
namespace logrelay {

/// Returns at once, or in a child of the first process. First thing in main. Throws error.
void serve_as_init();

}  // namespace logrelay
