#include <logrelay/input/kept_sockets.hpp>

#include <utility>

namespace logrelay {

void kept_sockets::expect_successor() {
  state_.with([](auto& s) { s.expects = true; });
}

bool kept_sockets::expects() const {
  return state_.with([](const auto& s) { return s.expects; });
}

void kept_sockets::keep(one last) {
  state_.with([&](auto& s) {
    if (s.expects) s.all.push_back(std::move(last));
  });
}

std::vector<kept_sockets::one> kept_sockets::take() {
  return state_.with([](auto& s) {
    s.expects = false;
    return std::exchange(s.all, {});
  });
}

}  // namespace logrelay
