#include "axiom/task/detail/live_tasks.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <vector>

namespace axiom::detail {

namespace {

/// One thread's part. Only that thread writes.
struct part {
  std::atomic<std::int64_t> value{0};
  bool listed = false;
  bool closed = false; ///< the thread is about to end
};

struct all_parts {
  std::mutex mutex;
  std::vector<const part*> parts;
  std::atomic<std::int64_t> of_ended_threads{0};
};

/// Never destroyed: threads may end while the process does.
all_parts& everything() {
  static auto& result = *new all_parts;
  return result;
}

thread_local constinit part mine;

/// Hands on what the thread has counted.
struct at_thread_end {
  ~at_thread_end() {
    auto& all = everything();
    std::lock_guard guard{all.mutex};
    std::erase(all.parts, &mine);
    all.of_ended_threads += mine.value.load(std::memory_order_relaxed);
    mine.closed = true;
  }
};

void list_mine() {
  auto& all = everything();
  thread_local at_thread_end hand_on;
  static_cast<void>(hand_on);
  std::lock_guard guard{all.mutex};
  all.parts.push_back(&mine);
  mine.listed = true;
}

} // namespace

void live_tasks::add(std::int64_t n) noexcept {
  if (mine.closed) {
    everything().of_ended_threads += n;
    return;
  }
  if (!mine.listed)
    list_mine();
  mine.value.store(mine.value.load(std::memory_order_relaxed) + n,
                   std::memory_order_relaxed);
}

std::int64_t live_tasks::count() {
  auto& all = everything();
  std::lock_guard guard{all.mutex};
  auto result = all.of_ended_threads.load();
  for (auto* x : all.parts)
    result += x->value.load(std::memory_order_relaxed);
  return result;
}

} // namespace axiom::detail
