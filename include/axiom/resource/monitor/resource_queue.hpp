#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "axiom/coordination/waiting/arrival_order.hpp"
#include "axiom/resource/monitor/resource_waiter.hpp"

namespace axiom::detail {

/// Who waits for the resources of a monitor, and who gets them next: the whole
/// policy, as a function from a state and an event to a state and effects. No
/// threads, no clock; resource_gate runs it under a lock.
///
/// The problem: requests are vectors. If whoever goes first held up all behind
/// him, as in a limiter, a wait for memory would hold up those who only want a
/// licence. If everybody went who fits, a request for much would be overtaken
/// for ever.
///
/// So whoever waits has what he asks for *set aside*, in the order of turns: a
/// request is granted as soon as it fits beside what all who go before it ask
/// for. (As backfilling of batch schedulers, with nobody's start delayed by it:
/// Mu'alem and Feitelson, 2001.) What is set aside of a resource that is not
/// short could be had all along, so granting it to nobody else costs nothing;
/// and of a resource that nobody before wants nothing is set aside.
///
/// Rules, which hold after each event:
/// 1. Of each resource, what is in use is at most its capacity, unless that was
///    lowered below: then nothing of it is granted until it fits again.
/// 2. Who goes before whom is for arrival_order to say.
/// 3. Nobody waits who fits beside what those before him ask for; nobody is
///    granted who does not. So a grant never delays anybody who goes before.
/// 4. Nobody waits for more than a capacity. A request above it fails at once,
///    and so does a waiter when the capacity is lowered below what it asks for.
/// 5. Every waiter ends granted, cancelled or failed, and in one of them only.
///
/// By rule 3 nobody starves: with ageing, whoever waits has at some time only
/// finitely many before him, and those hold what they were granted for as long
/// as they need it.
///
/// `headroom` and the admission (see resource_balance) bound what is granted
/// and are no reason to refuse: they change by themselves.
///
/// Not thread-safe. Nobody may wait at its end: close it before. Complexity: an
/// event looks at waiters in their order until each resource that somebody
/// waits for is used up by what is set aside, so at few where they want the
/// same; O(waiting) in the worst case, times the resources asked for.
class resource_queue {
public:
  using waiter_type = resource_waiter;
  using refusal_type = resource_refusal;

  resource_queue(std::size_t resources, runtime::duration ageing)
    : ageing_(ageing), order_(ageing), wanted_(resources), aside_(resources) {
    // nop
  }

  // -- events -----------------------------------------------------------------

  /// `x` wants its amounts, and waits if it cannot have them now. See its
  /// state: it may be settled already.
  /// @pre `x` waits nowhere and asks for something
  void request(resource_waiter& x, resource_turn& turn) noexcept;

  /// `x` does not want any more. Either/or: true if it was waiting and will
  /// never be granted; false if it was settled before, and if it was granted
  /// then, it has something to give back.
  bool cancel(resource_waiter& x, resource_turn& turn) noexcept;

  /// `x` was granted, and does not take it.
  void decline(resource_waiter& x, resource_turn& turn) noexcept {
    release(x.amounts(), turn);
  }

  /// @pre that much is in use
  void release(const resource_amounts& x, resource_turn& turn) noexcept;

  void set_capacity(std::size_t resource, std::uint64_t units,
                    resource_turn& turn) noexcept;

  /// See resource_balance.
  void set_headroom(std::size_t resource, std::uint64_t units,
                    resource_turn& turn) noexcept;

  void set_admission(resource_admission how, resource_turn& turn) noexcept;

  /// Gives `x` another priority, in which it takes the place of its arrival. If
  /// it waits no more, nothing happens.
  void reprioritise(resource_waiter& x, task_priority to,
                    resource_turn& turn) noexcept;

  /// Time has passed: see `next_advance`.
  void advance(resource_turn& turn) noexcept;

  /// All that wait fail, and so does every later request. Once.
  void close(resource_refusal reason, resource_turn& turn) noexcept;

  // -- observers --------------------------------------------------------------

  /// Whether resources may be taken and given back without asking the queue.
  bool idle() const noexcept {
    return order_.empty() && closed_ == resource_refusal::none
        && admission_ == resource_admission::open;
  }

  bool closed() const noexcept {
    return closed_ != resource_refusal::none;
  }

  resource_admission admission() const noexcept {
    return admission_;
  }

  std::size_t waiting() const noexcept {
    return order_.size();
  }

  /// How many wait for something of a resource, among others.
  std::size_t waiting_for(std::size_t resource) const noexcept {
    return wanted_[resource];
  }

  /// Calls `f(resource_waiter&)` for each; it must change nothing.
  template <class F>
  void for_each(F f) {
    order_.for_each([&f](place_waiter& x) { f(of(x)); });
  }

  /// The same in the order of turns.
  template <class F>
  void for_each_in_turn(F f) {
    order_.for_each_in_order(now_, [&f](place_waiter& x) {
      f(of(x));
      return true;
    });
  }

  /// Calls `f(resource_waiter&)` for each that goes before `x` and will as long
  /// as both wait; it must change nothing.
  template <class F>
  void for_each_before(const resource_waiter& x, F f) {
    order_.for_each([&](place_waiter& y) {
      if (order_.stays_before(y, x, now_))
        f(of(y));
    });
  }

  std::optional<task_priority> most_urgent() const noexcept {
    return order_.most_urgent();
  }

  /// See arrival_order.
  std::optional<task_priority> most_urgent_asked_for() const noexcept {
    return order_.most_urgent_asked_for();
  }

  /// When `advance` is to be called if nothing else happens before; none if the
  /// passing of time changes nothing. Whoever passes another by rising is
  /// served within one period of ageing.
  std::optional<runtime::time_point> next_advance(
    const resource_turn& turn) const noexcept;

private:
  static resource_waiter& of(place_waiter& x) noexcept {
    return static_cast<resource_waiter&>(x); // there are no others here
  }

  /// Grants whatever can be: establishes rule 3.
  void settle(resource_turn& turn) noexcept;

  /// Whether `x` fits beside what is set aside.
  bool fits(const resource_waiter& x, const resource_turn& turn) const noexcept;

  /// Whether somebody could still be granted something.
  bool anything_left(const resource_turn& turn) const noexcept;

  void leave(resource_waiter& x) noexcept;

  const runtime::duration ageing_;
  arrival_order order_;
  std::vector<std::size_t> wanted_; ///< by how many waiters, for each resource
  std::vector<std::uint64_t> aside_; ///< of each resource, while settling
  runtime::time_point now_{};
  resource_admission admission_ = resource_admission::open;
  resource_refusal closed_ = resource_refusal::none;
};

} // namespace axiom::detail
