#include "axiom/runtime/seen_actors.hpp"

#include <algorithm>
#include <ctime>
#include <memory>
#include <mutex>
#include <string_view>
#include <typeinfo>
#include <utility>

#include <boost/core/demangle.hpp>

namespace axiom::runtime {

namespace {

/// The steady clock as of the kernel's last tick, some milliseconds ago, for a
/// fraction of the price.
time_point coarse_now() noexcept {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return time_point{std::chrono::seconds{now.tv_sec}
                    + std::chrono::nanoseconds{now.tv_nsec}};
}

std::string name_of(const caf::scheduled_actor& actor) {
  const std::string_view own = actor.name();
  return own == "scheduled_actor" ? boost::core::demangle(typeid(actor).name())
                                  : std::string{own};
}

} // namespace

// -- actor_sightings ----------------------------------------------------------

actor_sightings::actor_sightings(std::size_t most,
                                 std::span<const caf::actor_id> left_out)
  : most_(most), left_out_(left_out) {
  kept_.reserve(most_); // `add` is called under a lock
}

void actor_sightings::add(caf::actor_control_block& actor, time_point since) {
  if (std::binary_search(left_out_.begin(), left_out_.end(), actor.id()))
    return;
  ++count_;
  if (kept_.size() < most_ && intrusive_ptr_upgrade_weak(&actor))
    kept_.push_back({caf::strong_actor_ptr{&actor, false}, since});
}

running_actors actor_sightings::describe() const {
  running_actors result;
  result.count = count_;
  const auto now = clock_type::now();
  for (auto& x : kept_)
    result.listed.push_back(
      {x.actor->id(),
       name_of(*static_cast<const caf::scheduled_actor*>(x.actor->get())),
       now - x.since});
  return result;
}

// -- seen_actors --------------------------------------------------------------

void seen_actors::begins(caf::scheduled_actor& actor) noexcept {
  const auto now = coarse_now();
  std::lock_guard guard{mutex_};
  first_run_ = actor.ctrl();
  first_run_since_ = now;
}

void seen_actors::has_run(caf::scheduled_actor& actor,
                          caf::resumable::resume_result result) {
  std::unique_ptr<entry> lasting;
  if (result != caf::resumable::done)
    lasting = std::make_unique<entry>(*this, *actor.ctrl(), first_run_since_);
  {
    std::lock_guard guard{mutex_};
    first_run_ = nullptr;
    if (lasting)
      entries_.push_back(*lasting);
  }
  // It may have ended meanwhile, on another worker: then the entry leaves here.
  if (lasting)
    actor.attach(std::move(lasting));
}

void seen_actors::look(actor_sightings& into) const {
  std::lock_guard guard{mutex_};
  for (auto& x : entries_)
    into.add(x.actor, x.since);
  if (first_run_ != nullptr)
    into.add(*first_run_, first_run_since_);
}

void seen_actors::entry::actor_exited(const caf::error&, caf::execution_unit*) {
  std::lock_guard guard{seen.mutex_};
  seen.entries_.erase(seen.entries_.iterator_to(*this));
}

} // namespace axiom::runtime
