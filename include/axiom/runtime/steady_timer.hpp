#pragma once

#include <condition_variable>
#include <thread>

#include "axiom/runtime/timer_service.hpp"

namespace axiom::runtime {

/// The timer service of production: the steady clock and one thread, started
/// with the first entry and joined by `stop` (or the destructor).
class steady_timer final : public timer_service {
public:
  steady_timer() = default;
  ~steady_timer() override;

  time_point now() const noexcept override;
  time_point recently() const noexcept override;
  void arm(timer_entry& entry, time_point due) override;
  void stop() override;

private:
  void run();

  std::condition_variable wake_;
  bool stopped_ = false;
  std::thread thread_;
};

} // namespace axiom::runtime
