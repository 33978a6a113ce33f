#pragma once

#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "axiom/coordination/detail/item_scope.hpp"
#include "axiom/coordination/detail/lane_run.hpp"
#include "axiom/coordination/detail/stream_core.hpp"
#include "axiom/coordination/detail/stream_source.hpp"

namespace axiom::detail {

/// A stream as far as its reader knows it.
template <class R>
class stream_results {
public:
  struct node : stream_node {
    std::optional<R> value;
  };

  stream_results(task_actor& scope, std::size_t limit, stream_order order,
                 bool exclusive, lane_source& lanes, lane_crew& crew,
                 item_failures& failures) noexcept
    : core_(scope, limit, order, exclusive),
      lanes_(lanes),
      crew_(crew),
      failures_(failures) {
    // nop
  }

  stream_results(const stream_results&) = delete;
  stream_results& operator=(const stream_results&) = delete;

  stream_core& core() noexcept {
    return core_;
  }

  lane_crew& crew() noexcept {
    return crew_;
  }

  item_failures& failures() noexcept {
    return failures_;
  }

  /// What is not out is owned by this, and in the end all is.
  node& new_node() {
    if (auto* used = core_.reuse())
      return static_cast<node&>(*used);
    return *nodes_.emplace_back(std::make_unique<node>());
  }

  /// The next result; nothing at the end. Throws what the source threw.
  std::optional<R> pop() {
    auto [popped, wants_lane] = core_.pop();
    if (popped == nullptr) {
      if (auto why = failures_.take_source())
        why->rethrow();
      return std::nullopt;
    }
    struct recycled {
      stream_core& core;
      node& used;

      ~recycled() {
        used.value.reset();
        core.recycle(used);
      }
    };
    auto& next = static_cast<node&>(*popped);
    const recycled guard{core_, next};
    if (wants_lane && crew_.claim())
      lanes_.start_lane();
    return std::move(next.value);
  }

private:
  stream_core core_;
  lane_source& lanes_;
  lane_crew& crew_;
  item_failures& failures_;
  std::vector<std::unique_ptr<node>> nodes_; ///< for who takes an item
};

/// The reader's wait for a result.
template <class R>
class stream_awaiter final : public awaiter<stream_awaiter<R>> {
public:
  explicit stream_awaiter(stream_results<R>& results) noexcept
    : results_(results) {
    // nop
  }

  ~stream_awaiter() {
    if (place_.task != nullptr)
      results_.core().abandon_result(place_);
  }

  bool arm(task_actor& task) {
    task.next(task_actor::step::suspend);
    return !results_.core().await_result(place_, task);
  }

  std::optional<R> await_resume() {
    return results_.pop();
  }

private:
  stream_results<R>& results_;
  group_waiter place_;
};

/// What `transformed_stream::next` returns, to be awaited.
template <class R>
struct stream_next : awaitable_tag {
  explicit stream_next(stream_results<R>& x) noexcept : results(x) {
    // nop
  }

  friend stream_awaiter<R> as_awaiter(const stream_next& x) noexcept {
    return stream_awaiter<R>{x.results};
  }

  stream_results<R>& results;
};

/// What the lanes of a stream share, and what its reader sees of them.
/// @tparam Source as `stream_source`
template <class Source, class F>
class stream_run final
  : public lane_source,
    public stream_results<typename item_call<
      F, typename stream_source<Source>::item>::result_type> {
public:
  using source = stream_source<Source>;
  using call = item_call<F, typename source::item>;
  using result = typename call::result_type;
  using results = stream_results<result>;

  static_assert(
    !std::is_void_v<result>,
    "the operation of a stream gives a value: for one that does not "
    "there is for_each_with_limit");

  static constexpr bool has_room = true;
  static constexpr bool source_waits = source::waits;

  /// An item on its way; gives back what it has.
  struct ticket {
    ticket() = default;
    ticket(const ticket&) = delete;
    ticket& operator=(const ticket&) = delete;

    ~ticket() {
      if (place != nullptr)
        run->core().done(*place, false);
    }

    item_place<typename source::item> item;
    std::size_t index = 0;
    stream_room room;
    stream_run* run = nullptr;
    typename results::node* place = nullptr;
    bool wants_lane = false;
  };

  template <class R>
  stream_run(item_scope<R>& scope, std::size_t limit, stream_order order,
             Source& items, F& op) noexcept
    : results(scope, limit, order, source::waits, *this, scope.crew(),
              scope.failures()),
      scope_(scope),
      op_(op),
      source_(items) {
    // nop
  }

  void start() {
    this->crew().claim();
    start_lane();
  }

  // -- for lanes --------------------------------------------------------------

  room_request room() noexcept {
    return room_request{this->core()};
  }

  auto fetch(task_context& self) {
    return source_.fetch(self);
  }

  /// @pre the ticket has room
  template <class... Fetched>
  bool take(ticket& x, Fetched&... fetched) {
    std::lock_guard guard{source_lock_};
    if (over_)
      return false;
    try {
      over_ = this->failures().closed() || !source_.next(x.item, fetched...);
      if (!over_)
        x.place = &this->new_node();
    } catch (...) {
      over_ = true;
      this->failures().note_source(failure::from(std::current_exception()));
    }
    x.room.used();
    if (over_) {
      this->core().end_source();
      return false;
    }
    x.run = this;
    x.index = taken_++;
    x.wants_lane = this->core().took(*x.place);
    return true;
  }

  bool claim_lane(const ticket& x) noexcept {
    return x.wants_lane && this->crew().claim();
  }

  void start_lane() override {
    detail::start_lane(*this, scope_, this->crew(), this->failures());
  }

  F& operation() noexcept {
    return op_;
  }

  std::optional<failure> finish(ticket& x, result&& value) {
    try {
      x.place->value.emplace(std::move(value));
    } catch (...) { // it does not move
      return failure::from(std::current_exception());
    }
    this->core().done(*std::exchange(x.place, nullptr), true);
    return std::nullopt;
  }

private:
  task_actor& scope_;
  F& op_;
  std::mutex source_lock_; ///< as in map_run
  source source_;
  std::size_t taken_ = 0;
  bool over_ = false; ///< no item is left
};

} // namespace axiom::detail
