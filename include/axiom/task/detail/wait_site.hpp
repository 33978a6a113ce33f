#pragma once

#include <string>

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>

namespace axiom::detail {

class task_actor;

/// Somebody who has a waiting task in a queue whose order depends on how urgent
/// the task is.
class urgency_listener : public boost::intrusive_ref_counter<urgency_listener> {
public:
  virtual ~urgency_listener() = default;

  /// The level of a task that queues here, or did, has changed. Called without
  /// a lock.
  virtual void urgency_changed(task_actor& task) noexcept = 0;
};

using urgency_listener_ptr = boost::intrusive_ptr<urgency_listener>;

/// What a suspended task waits for where that is not the end of a task: told by
/// the layer that made the wait, for whoever asks why a task does not go on.
///
/// Belongs to the waiting task like its frames. Others may look at it while
/// they hold the task (`task_state::hold`) or, if it has a listener, the task's
/// lock.
class wait_site {
public:
  /// In a few words: "2 permits of limiter 'io'".
  virtual std::string what() const = 0;

  /// Null if it does not matter how urgent the task is.
  virtual urgency_listener_ptr listener() const noexcept {
    return nullptr;
  }

protected:
  ~wait_site() = default;
};

} // namespace axiom::detail
