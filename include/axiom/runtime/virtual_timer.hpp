#pragma once

#include "axiom/runtime/timer_service.hpp"

namespace axiom::runtime {

/// A timer service whose clock moves only by `advance`: tests of timeouts take
/// no time and give the same result each run. It starts at an arbitrary, fixed
/// point. Thread-safe.
class virtual_timer final : public timer_service {
public:
  virtual_timer() noexcept;
  ~virtual_timer() override;

  time_point now() const noexcept override;
  void arm(timer_entry& entry, time_point due) override;
  void stop() override;

  /// Moves the clock by `step`, firing what becomes due in order; the clock
  /// shows an entry's own time while it fires. What is fired is one batch: the
  /// listener is told when the clock has arrived. Returns how many fired.
  std::size_t advance(duration step);

  /// Moves the clock to the next armed entry that is due by `end` and fires all
  /// that is due then, or else to `end`. Returns how many fired.
  std::size_t advance_to_next_before(time_point end);

private:
  std::size_t fire_until(std::unique_lock<std::mutex> guard, time_point end);
};

} // namespace axiom::runtime
