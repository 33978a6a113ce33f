// The store of a pool against a plain model, in made-up sequences of what
// takers, users and the pool's actor do. RapidCheck prints its seed: see
// support/limiter.hpp.

#include <deque>
#include <optional>
#include <vector>

#include "axiom/resource/pool/object_store.hpp"
#include "support/limiter.hpp"

using namespace test;
using axiom::pool_stats;
using axiom::detail::object_end;
using axiom::detail::object_list;
using axiom::detail::object_store;
using axiom::detail::stored_object;

namespace {

struct object : stored_object {
  explicit object(std::size_t x) : id(x) {
    // nop
  }

  const std::size_t id;
};

/// What the store should be: idle objects as a vector, the newest in front.
class stored_model {
public:
  stored_model(std::uint32_t min, std::uint32_t max)
    : min_(min), max_(max), store_(min, max) {
    // nop
  }

  void close() {
    object_list rest;
    store_.close(rest);
    RC_ASSERT(rest.size() == idle_.size());
    rest.clear();
  }

  void step(tape& decisions) {
    now_ += 1ms; // so that no two are idle since the same time
    switch (decisions.below(9)) {
      case 0:
        return take();
      case 1:
        return created();
      case 2:
        return failed();
      case 3:
        return put(decisions);
      case 4:
        return discard(decisions);
      case 5:
        return expire(std::chrono::milliseconds{decisions.below(20)});
      case 6:
        return top_up();
      case 7:
        return trim();
      default:
        return check();
    }
  }

  void verify() {
    pool_stats x;
    store_.report(x);
    RC_ASSERT(x.idle == idle_.size());
    RC_ASSERT(x.in_use == out_.size());
    RC_ASSERT(x.creating == creating_);
    RC_ASSERT(x.leaving == 0u);
    RC_ASSERT(store_.total() == there());
    RC_ASSERT(store_.total() <= max_);
    RC_ASSERT(store_.below_min() == (there() < min_));
    RC_ASSERT(x.created - x.destroyed == idle_.size() + out_.size());
    auto* oldest = store_.oldest_surplus();
    RC_ASSERT((oldest != nullptr) == (!idle_.empty() && there() > min_));
    if (oldest != nullptr)
      RC_ASSERT(*oldest == idle_.back().since);
  }

private:
  struct idle_object {
    std::size_t id;
    time_point since;
  };

  std::size_t there() const {
    return idle_.size() + out_.size() + creating_;
  }

  /// Whether there is a permit for one more.
  bool permit() const {
    return out_.size() + creating_ < max_;
  }

  std::size_t id(stored_object* x) const {
    return static_cast<object*>(x)->id;
  }

  object& fresh() {
    return objects_.emplace_back(objects_.size());
  }

  void take() {
    if (!permit())
      return;
    auto* x = store_.take();
    RC_ASSERT((x == nullptr) == idle_.empty());
    if (x == nullptr) {
      ++creating_;
      return;
    }
    RC_ASSERT(id(x) == idle_.front().id);
    idle_.pop_front();
    out_.push_back(id(x));
  }

  void created() {
    if (creating_ == 0)
      return;
    --creating_;
    store_.created(true);
    RC_ASSERT(store_.failures_in_a_row() == 0u);
    out_.push_back(fresh().id);
  }

  void failed() {
    if (creating_ == 0)
      return;
    --creating_;
    auto before = store_.failures_in_a_row();
    store_.creation_over(true);
    RC_ASSERT(store_.failures_in_a_row() == before + 1);
  }

  /// An object that is out, and is not any more.
  std::optional<std::size_t> back(tape& decisions) {
    if (out_.empty())
      return std::nullopt;
    auto i =
      out_.begin() + static_cast<std::ptrdiff_t>(decisions.below(out_.size()));
    auto result = *i;
    out_.erase(i);
    return result;
  }

  void put(tape& decisions) {
    if (auto x = back(decisions)) {
      RC_ASSERT(store_.put(objects_[*x], now_));
      idle_.push_front({*x, now_});
    }
  }

  void discard(tape& decisions) {
    if (back(decisions)) {
      store_.leave();
      store_.destroyed(object_end::discarded);
    }
  }

  /// The oldest one went, or none did since none was to.
  void gone(stored_object* x, bool expected, object_end why) {
    RC_ASSERT((x != nullptr) == expected);
    if (x == nullptr)
      return;
    RC_ASSERT(id(x) == idle_.back().id);
    idle_.pop_back();
    store_.destroyed(why);
  }

  void expire(std::chrono::milliseconds timeout) {
    if (!permit())
      return;
    auto expected =
      !idle_.empty() && there() > min_ && idle_.back().since <= now_ - timeout;
    gone(store_.take_expired(now_ - timeout), expected, object_end::expired);
  }

  void trim() {
    if (!permit())
      return;
    auto expected = !idle_.empty() && there() > min_;
    gone(store_.take_surplus(min_), expected, object_end::surplus);
  }

  void top_up() {
    if (!permit())
      return;
    auto expected = there() < min_;
    RC_ASSERT(store_.begin_top_up() == expected);
    if (!expected)
      return;
    store_.created(false);
    auto& x = fresh();
    RC_ASSERT(store_.put(x, now_));
    idle_.push_front({x.id, now_});
  }

  /// Every idle one is checked once, and the order stays as it is.
  void check() {
    if (!permit())
      return;
    ++round_;
    for (auto i = idle_.rbegin(); i != idle_.rend(); ++i) {
      auto* x = store_.take_unchecked(round_);
      RC_ASSERT(x != nullptr);
      RC_ASSERT(id(x) == i->id);
      RC_ASSERT(store_.put_back(*x));
    }
    RC_ASSERT(store_.take_unchecked(round_) == nullptr);
  }

  const std::uint32_t min_;
  const std::uint32_t max_;
  std::deque<object> objects_; ///< outlive the store's list
  object_store store_;
  std::deque<idle_object> idle_;
  std::vector<std::size_t> out_;
  std::size_t creating_ = 0;
  std::uint64_t round_ = 0;
  time_point now_ = start;
};

} // namespace

BOOST_AUTO_TEST_SUITE(object_stores)

BOOST_AUTO_TEST_CASE(a_store_does_as_its_model_in_any_sequence) {
  BOOST_TEST(rc::check("as the model", [] {
    tape decisions{*tapes()};
    const auto max = 1 + decisions.below(4U);
    stored_model model{decisions.below(max + 1), max};
    for (int i = 0; i < 200; ++i) {
      model.step(decisions);
      model.verify();
    }
    model.close();
  }));
}

BOOST_AUTO_TEST_CASE(a_lower_maximum_drops_what_comes_back) {
  object_store store{0, 2};
  object a{0};
  object b{1};
  for (int i = 0; i < 2; ++i) {
    BOOST_TEST(store.take() == nullptr);
    store.created(true);
  }
  store.set_max(1);
  BOOST_TEST(!store.put(a, start));
  store.destroyed(object_end::surplus);
  BOOST_TEST(store.put(b, start));
  BOOST_TEST(store.total() == 1u);
  store.set_max(2);
  BOOST_TEST(store.take() == &b);
  store.leave();
  store.destroyed(object_end::discarded);
  BOOST_TEST(store.total() == 0u);
}

BOOST_AUTO_TEST_CASE(a_closed_store_keeps_nothing) {
  object_store store{1, 2};
  object a{0};
  object b{1};
  store.take();
  store.created(true);
  store.take();
  store.created(true);
  BOOST_TEST(store.put(a, start));
  object_list rest;
  store.close(rest);
  BOOST_TEST(rest.size() == 1u);
  rest.clear();
  store.destroyed(object_end::surplus);
  BOOST_TEST(!store.put(b, start));
  store.destroyed(object_end::surplus);
  BOOST_TEST(store.total() == 0u);
  BOOST_TEST(!store.below_min());
  BOOST_TEST(!store.begin_top_up());
}

BOOST_AUTO_TEST_SUITE_END()
