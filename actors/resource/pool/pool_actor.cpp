#include "axiom/resource/pool_actor.hpp"

#include <limits>
#include <utility>

#include <caf/actor_system.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "axiom/error/exception.hpp"
#include "axiom/resource/pool/pool_access.hpp"

namespace axiom::detail {

namespace {

/// Looks after a pool when it is called, and speaks for it to others. It has no
/// state of its own; it refers to the handles' common part only while it works,
/// so that the last handle ends it.
class pool_impl final : public pool_actor::base {
public:
  pool_impl(caf::actor_config& cfg, pool_core_ptr core)
    : pool_actor::base(cfg), core_(std::move(core)) {
    // nop
  }

  const char* name() const override {
    return "axiom.pool";
  }

  // On `kill` CAF runs no handler: all is closed from here.
  void on_exit() override {
    if (auto access = core_->access())
      access->close();
    core_->actor_ended();
  }

protected:
  behavior_type make_behavior() override {
    set_exit_handler([this](caf::exit_msg& msg) {
      if (msg.reason)
        quit(std::move(msg.reason));
    });
    return {
      [this](stats_atom) { return core_->stats(); },
      [this](set_max_atom, std::uint32_t max) -> caf::result<void> {
        try {
          if (auto access = core_->access())
            access->set_max(max);
          return caf::unit;
        } catch (const exception& ex) {
          return ex.error();
        }
      },
      [this](trim_atom) {
        auto access = core_->access();
        return access != nullptr ? std::uint64_t{access->trim(
                 std::numeric_limits<std::size_t>::max())}
                                 : 0;
      },
      [this](close_atom) {
        if (auto access = core_->access())
          access->close();
      },
      [this](tick_atom) { core_->tick(); },
      [this](ended_atom) { quit(); },
    };
  }

private:
  const pool_core_ptr core_;
};

} // namespace

pool_actor spawn_pool_actor(caf::actor_system& sys, pool_core_ptr core) {
  return sys.spawn<pool_impl>(std::move(core));
}

} // namespace axiom::detail
