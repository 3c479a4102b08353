#include <logrelay/output/output.hpp>

#include <logrelay/format/format.hpp>

namespace logrelay {

std::unique_ptr<format> output::make_route() const { return nullptr; }

}  // namespace logrelay
