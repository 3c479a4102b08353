#pragma once
/// An spdlog sink as an output: what its listener takes are records, each of which it gives to the sink as the message that
/// it was. A sink that throws is tried again after a pause, three times with the same record, which is then rejected: a
/// record that it cannot take must not stand before all others for ever. Belongs to one listener; its thread only.
#include <logrelay/embed/sink_door.hpp>
#include <logrelay/filter/filter.hpp>
#include <logrelay/output/output.hpp>

#include <atomic>

namespace logrelay {

/// `flush`, shared with the program's threads: true asks for a flush of the sink, once what was handed over before is there.
/// Who asks wakes the listener, which sets it back; a descriptor for it would be one that a child of fork shares.
[[nodiscard]] std::unique_ptr<output> make_sink_output(std::shared_ptr<sink_door> door, std::shared_ptr<std::atomic<bool>> flush);
/// Records as they lie in their batch, which is what that output wants.
[[nodiscard]] std::unique_ptr<format> make_packed_body();
/// The sink's own level, as it is when a record comes to it.
[[nodiscard]] std::unique_ptr<filter> make_sink_level(std::shared_ptr<sink_door> door);

}  // namespace logrelay
