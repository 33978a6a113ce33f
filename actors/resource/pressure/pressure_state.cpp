#include "axiom/resource/pressure/pressure_state.hpp"

#include <utility>

namespace axiom::detail {

pressure_state::pressure_state(runtime::host& where) : host_(where) {
  // nop
}

pressure_state::~pressure_state() = default;

void pressure_state::begin(memory_pressure_actor actor) {
  actor_ = std::move(actor);
  host_.residents().add(*this);
}

void pressure_state::publish(memory_pressure_level level,
                             std::uint64_t headroom) noexcept {
  level_.store(level, std::memory_order_relaxed);
  headroom_.store(headroom, std::memory_order_relaxed);
}

void pressure_state::publish(const memory_pressure_stats& stats) {
  auto copy = stats; // without the lock
  std::lock_guard guard{mutex_};
  std::swap(stats_, copy);
}

std::vector<std::weak_ptr<memory_relief>> pressure_state::take_arrivals() {
  std::lock_guard guard{mutex_};
  return std::exchange(arrivals_, {});
}

void pressure_state::ended() noexcept {
  host_.residents().remove(*this);
  publish(memory_pressure_level::normal, memory_reading::unlimited);
  {
    std::lock_guard guard{mutex_};
    stats_.level = memory_pressure_level::normal;
    stats_.stage = relief_stage::none;
  }
  auto gone = std::exchange(actor_, nullptr);
}

memory_pressure_stats pressure_state::stats() const {
  std::lock_guard guard{mutex_};
  return stats_;
}

void pressure_state::attach(std::weak_ptr<memory_relief> x) {
  std::lock_guard guard{mutex_};
  arrivals_.push_back(std::move(x));
}

} // namespace axiom::detail
