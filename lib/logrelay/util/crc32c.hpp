#pragma once
/// CRC32C (Castagnoli; RFC 3720, B.4): what iSCSI, ext4 and the processor's own instruction use. Any thread.
#include <cstdint>
#include <string_view>

namespace logrelay {

/// `seed` is 0, or the result over the bytes before.
[[nodiscard]] std::uint32_t crc32c(std::string_view bytes, std::uint32_t seed = 0) noexcept;
/// The same without the processor's instruction, where it has none, and for tests.
[[nodiscard]] std::uint32_t crc32c_portable(std::string_view bytes, std::uint32_t seed = 0) noexcept;

}  // namespace logrelay
