#pragma once

#include <mutex>

#include <boost/intrusive/list.hpp>

namespace axiom::runtime {

/// Something of a higher layer that lives in one actor system for a while, and
/// that reports on that system have to find: a coordinator.
class resident : public boost::intrusive::list_base_hook<> {
public:
  resident() = default;
  resident(const resident&) = delete;
  resident& operator=(const resident&) = delete;

protected:
  virtual ~resident() = default;
};

/// What lives in one actor system, the oldest first. The lock is taken when a
/// resident comes or goes and when somebody looks, so for no task.
///
/// Thread-safe. Owns nothing: who is in the list is alive, and leaves in time.
class resident_list {
public:
  void add(resident& x) {
    std::lock_guard guard{mutex_};
    list_.push_back(x);
  }

  void remove(resident& x) noexcept {
    std::lock_guard guard{mutex_};
    list_.erase(list_.iterator_to(x));
  }

  /// Calls `f(T&)` for each resident that is a `T`, with the lock held: `f`
  /// takes a reference and leaves.
  template <class T, class F>
  void for_each(F f) {
    std::lock_guard guard{mutex_};
    for (auto& x : list_)
      if (auto* found = dynamic_cast<T*>(&x))
        f(*found);
  }

private:
  std::mutex mutex_;
  boost::intrusive::list<resident, boost::intrusive::constant_time_size<false>>
    list_;
};

} // namespace axiom::runtime
