#include "axiom/runtime/blocking_pool.hpp"

#include <system_error>
#include <utility>

#include <pthread.h>

#include "axiom/runtime/later.hpp"

namespace axiom::runtime {

blocking_pool::blocking_pool() : blocking_pool(options{}) {
  // nop
}

blocking_pool::blocking_pool(options opts) : options_(std::move(opts)) {
  // nop
}

blocking_pool::~blocking_pool() {
  stop();
}

void blocking_pool::submit(caf::resumable* job) {
  std::unique_lock guard{mutex_};
  if (stopped_) {
    guard.unlock();
    intrusive_ptr_release(job);
    return;
  }
  jobs_.push_back(job);
  if (idle_ >= jobs_.size()) {
    wake_.notify_one();
  } else if (threads_.size() < options_.max_threads) {
    auto self = threads_.emplace(threads_.end());
    try {
      *self = std::thread{[this, self] { run(self); }};
    } catch (const std::system_error&) {
      threads_.erase(self);
      if (threads_.empty())
        throw; // nobody will ever come for the job
    }
  }
  join_finished(guard);
}

void blocking_pool::stop() {
  std::unique_lock guard{mutex_};
  stopped_ = true;
  wake_.notify_all();
  // Each thread moves its own entry to finished_ as its last act.
  wake_.wait(guard, [this] { return threads_.empty(); });
  join_finished(guard);
}

std::size_t blocking_pool::threads() const {
  std::lock_guard guard{mutex_};
  return threads_.size();
}

void blocking_pool::run(thread_list::iterator self) {
  pthread_setname_np(pthread_self(), "axiom.blocking");
  if (!options_.processors.empty())
    bind_this_thread(options_.processors); // as good as the system lets us
  std::unique_lock guard{mutex_};
  for (;;) {
    ++idle_;
    auto awake =
      wake_.wait_until(guard, later(clock_type::now(), options_.keep_alive),
                       [this] { return stopped_ || !jobs_.empty(); });
    --idle_;
    if (jobs_.empty() && (stopped_ || !awake))
      break;
    auto job = jobs_.front();
    jobs_.pop_front();
    guard.unlock();
    job->resume(nullptr, 1);
    intrusive_ptr_release(job);
    guard.lock();
  }
  finished_.splice(finished_.end(), threads_, self);
  if (stopped_)
    wake_.notify_all();
}

void blocking_pool::join_finished(std::unique_lock<std::mutex>& guard) {
  thread_list done;
  done.splice(done.end(), finished_);
  guard.unlock();
  for (auto& thread : done)
    thread.join();
  guard.lock();
}

} // namespace axiom::runtime
