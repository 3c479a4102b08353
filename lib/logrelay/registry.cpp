#include <logrelay/registry.hpp>

#include <logrelay/filter/registry.hpp>
#include <logrelay/format/registry.hpp>
#include <logrelay/input/registry.hpp>
#include <logrelay/output/registry.hpp>

namespace logrelay {

registries standard_registries() {
  return {standard_inputs(), standard_outputs(), standard_formats(), standard_filters()};
}

}  // namespace logrelay
