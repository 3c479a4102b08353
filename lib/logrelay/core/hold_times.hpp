#pragma once
/// For how long each output has held one input. Written by the input's thread, read by reports.
#include <logrelay/util/clock.hpp>
#include <logrelay/util/guarded.hpp>

#include <vector>

namespace logrelay {

class hold_times {
 public:
  using seconds = std::chrono::duration<double>;

  /// From now on `output` holds the input; what another one did until now is settled.
  void hold(std::size_t output, steady_time now) {
    state_.with([&](state& s) {
      s.settle(now);
      s.holder = output;
      s.since = now;
    });
  }
  void release(steady_time now) {
    state_.with([&](state& s) {
      s.settle(now);
      s.holder = nobody;
    });
  }
  /// By output, in their order; what is going on now is counted.
  [[nodiscard]] std::vector<seconds> by_output(steady_time now) const {
    return state_.with([&](const state& s) {
      state copy = s;
      copy.settle(now);
      return copy.total;
    });
  }

 private:
  static constexpr std::size_t nobody = static_cast<std::size_t>(-1);
  struct state {
    std::vector<seconds> total;
    std::size_t holder = nobody;
    steady_time since{};
    void settle(steady_time now) {
      if (holder == nobody) return;
      if (total.size() <= holder) total.resize(holder + 1);
      total[holder] += now - since;
      since = now;
    }
  };
  guarded<state> state_;
};

}  // namespace logrelay
