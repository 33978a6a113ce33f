#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <vector>

namespace axiom::runtime {

/// One `Cell` for each thread that ever asks for one, so that a thread writes
/// without a locked instruction what others only read now and then.
///
/// A thread that ends leaves its cell, with what is in it, to the next one that
/// comes. Cells stay where they are as long as this exists.
///
/// Thread-safe, but for what the cells themselves are not.
/// @tparam Cell is made without arguments
template <class Cell>
class thread_cells {
public:
  thread_cells()
    : id_(next_id.fetch_add(1, std::memory_order_relaxed)),
      shared_(std::make_shared<shared_cells>()) {
    // nop
  }

  thread_cells(const thread_cells&) = delete;
  thread_cells& operator=(const thread_cells&) = delete;

  /// The calling thread's cell: a comparison when it is the one used last, else
  /// a search in the thread's own short list.
  Cell& local() noexcept {
    auto& last = last_used;
    return last.owner == id_ ? *last.cell : find_or_add();
  }

  /// Calls `f(cell)` for each, with a lock that only new threads contend for.
  template <class F>
  void for_each(F f) const {
    std::lock_guard guard{shared_->mutex};
    for (auto& x : shared_->entries)
      f(x.cell);
  }

private:
  struct shared_cells {
    struct entry {
      Cell cell;
      bool in_use = true;
    };
    std::mutex mutex;
    std::list<entry> entries; // stable addresses
  };

  /// The cells one thread owns; gives them back at its end.
  struct owned_cells {
    struct owned {
      std::uint64_t owner;
      std::weak_ptr<shared_cells> cells;
      typename shared_cells::entry* entry;
    };

    std::vector<owned> all;

    ~owned_cells() {
      for (auto& x : all)
        if (auto cells = x.cells.lock()) {
          std::lock_guard guard{cells->mutex};
          x.entry->in_use = false;
        }
      last_used = {};
    }
  };

  struct cached {
    std::uint64_t owner = 0;
    Cell* cell = nullptr;
  };

  Cell& find_or_add() noexcept {
    thread_local owned_cells mine;
    auto i = std::find_if(mine.all.begin(), mine.all.end(),
                          [this](auto& x) { return x.owner == id_; });
    if (i == mine.all.end()) {
      std::erase_if(mine.all, [](auto& x) { return x.cells.expired(); });
      std::lock_guard guard{shared_->mutex};
      auto& entries = shared_->entries;
      auto free = std::find_if(entries.begin(), entries.end(),
                               [](auto& x) { return !x.in_use; });
      if (free == entries.end())
        free = entries.emplace(entries.end());
      free->in_use = true;
      i = mine.all.insert(mine.all.end(), {id_, shared_, &*free});
    }
    last_used = {id_, &i->entry->cell};
    return i->entry->cell;
  }

  static inline std::atomic<std::uint64_t> next_id{1};
  static inline thread_local constinit cached last_used{};

  const std::uint64_t id_; // never reused, unlike an address
  const std::shared_ptr<shared_cells> shared_;
};

} // namespace axiom::runtime
