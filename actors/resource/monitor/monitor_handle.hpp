#pragma once

#include "axiom/resource/memory_relief.hpp"
#include "axiom/resource/monitor/monitor_state.hpp"
#include "axiom/resource/resource_monitor_actor.hpp"

namespace axiom::detail {

/// What the handles to one monitor share. Their end is the end of it. When
/// memory gets short it admits less, and of memory no more than is left.
class monitor_handle final : public memory_relief {
public:
  monitor_handle(monitor_ptr state, resource_monitor_actor actor);
  monitor_handle(const monitor_handle&) = delete;
  monitor_handle& operator=(const monitor_handle&) = delete;
  ~monitor_handle() override;

  monitor_state& state() const noexcept {
    return *state_;
  }

  const resource_monitor_actor& actor() const noexcept {
    return actor_;
  }

  // -- memory_relief ----------------------------------------------------------

  std::string_view name() const noexcept override {
    return state_->name();
  }

  void relieve(relief_stage stage) override;

  void headroom(std::uint64_t bytes) override {
    state_->set_headroom(resource_kind::memory, bytes);
  }

private:
  monitor_ptr state_;
  resource_monitor_actor actor_;
};

/// Starts the actor of a monitor.
resource_monitor_actor spawn_monitor_actor(caf::actor_system& sys,
                                           monitor_ptr state);

} // namespace axiom::detail
