#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/container/small_vector.hpp>
#include <boost/smart_ptr/intrusive_ptr.hpp>

#include "axiom/coordination/waiting/place_waiter.hpp"
#include "axiom/task/detail/holder_registry.hpp"
#include "axiom/task/detail/wait_site.hpp"

namespace axiom::detail {

class task_actor;
class waiting_place;
class woken_tasks;

/// A place whose lock is held, for a deadlock_search.
class place_session {
public:
  /// That so much of one kind has to come back before a waiter is served.
  struct shortage {
    std::size_t kind;
    std::uint64_t missing;
  };

  using shortages = boost::container::small_vector<shortage, 4>;

  /// Is told that something of a kind comes back when a task goes on; null for
  /// somebody unknown. Returns whether it wants to hear more.
  using supply_visitor = std::function<bool(task_actor*, std::uint64_t)>;

  place_session() = default;
  place_session(const place_session&) = delete;
  place_session& operator=(const place_session&) = delete;
  virtual ~place_session() = default;

  /// What `x` waits for: all of these. Empty if it does not wait any more.
  virtual shortages shortages_of(place_waiter& x) = 0;

  /// Who supplies what `x` is short of. Tasks are alive as long as the session.
  virtual void for_each_supplier(place_waiter& x, std::size_t kind,
                                 const supply_visitor& visit) = 0;

  /// Whether `goes_on(task_actor&)` holds for each task that holds something
  /// here, and so everybody who waits is served one day; false where it is not
  /// worth the while to ask them all.
  using holder_predicate = std::function<bool(task_actor&)>;
  virtual bool all_holders(const holder_predicate& goes_on) = 0;

  virtual std::vector<place_waiter*> waiting() = 0;

  /// Takes `x` out for a circle of waits, and lets those go who are served by
  /// that. Returns false if it was settled before.
  virtual bool expel(place_waiter& x, std::string circle,
                     woken_tasks& woken) = 0;
};

/// Somewhere tasks queue for what others hold: a limiter, a resource monitor.
/// This is what searches for deadlocks and the inheritance of priorities know
/// of it; place_of is the machinery.
///
/// Thread-safe.
class waiting_place : public holder_registry, public urgency_listener {
public:
  /// The time. May take the lock of the service: no place's is held.
  virtual runtime::time_point time() const noexcept = 0;

  /// Takes the lock.
  /// @param now see `time`
  virtual std::unique_ptr<place_session> open(runtime::time_point now) = 0;

  /// What `x` wants, in a few words: "2 permits of limiter 'io'".
  virtual std::string describe(const place_waiter& x) const = 0;
};

using place_ptr = boost::intrusive_ptr<waiting_place>;

/// A task's wait in a place, as others see it.
class place_site final : public wait_site {
public:
  place_site(place_waiter& x, waiting_place& where) noexcept
    : waiter(x), place(where) {
    // nop
  }

  std::string what() const override {
    return place.describe(waiter);
  }

  urgency_listener_ptr listener() const noexcept override {
    return &place;
  }

  place_waiter& waiter;
  waiting_place& place;
};

} // namespace axiom::detail
