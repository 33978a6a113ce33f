#include "axiom/runtime/metrics.hpp"

#include <algorithm>
#include <vector>

#include "axiom/runtime/host.hpp"

namespace axiom::runtime {

namespace {

std::atomic<std::uint64_t> next_registry_id{1};

double to_seconds(duration value) {
  return std::chrono::duration<double>(value).count();
}

} // namespace

void metrics_cell::observe_cancellation(duration latency) noexcept {
  auto edge = std::lower_bound(histogram_edges.begin(), histogram_edges.end(),
                               to_seconds(latency));
  auto index = static_cast<std::size_t>(edge - histogram_edges.begin());
  auto ns = std::chrono::duration_cast<std::chrono::nanoseconds>(latency);
  bump(cancellation_ns_, static_cast<std::uint64_t>(ns.count()));
  bump(cancellation_[index], std::uint64_t{1});
}

void metrics_cell::collect(metrics_snapshot& into) const noexcept {
  into.completed += get(counter::completed);
  into.failed += get(counter::failed);
  into.cancelled += get(counter::cancelled);
  into.overdue += get(counter::overdue);
  into.late_responses += get(counter::late_responses);
  auto& out = into.cancellation;
  for (std::size_t i = 0; i < cancellation_.size(); ++i) {
    auto n = cancellation_[i].load(std::memory_order_acquire);
    out.buckets[i] += n;
    out.count += n;
  }
  out.sum_seconds
    += static_cast<double>(cancellation_ns_.load(std::memory_order_acquire))
       * 1e-9;
}

struct metrics_registry::shared_cells {
  struct entry {
    metrics_cell cell;
    bool in_use = true;
  };
  std::mutex mutex;
  std::list<entry> entries; // stable addresses
};

/// The cells one thread owns, a registry each; gives them back at its end.
struct metrics_registry::thread_cells {
  struct owned {
    std::uint64_t registry;
    std::weak_ptr<shared_cells> cells;
    shared_cells::entry* entry;
  };

  std::vector<owned> all;

  ~thread_cells() {
    for (auto& x : all)
      if (auto cells = x.cells.lock()) {
        std::lock_guard guard{cells->mutex};
        x.entry->in_use = false;
      }
    last_used = {};
  }
};

thread_local constinit metrics_registry::cached metrics_registry::last_used{};

metrics_registry::metrics_registry()
  : id_(next_registry_id.fetch_add(1, std::memory_order_relaxed)),
    cells_(std::make_shared<shared_cells>()) {
  // nop
}

metrics_registry::~metrics_registry() = default;

metrics_cell& metrics_registry::find_or_add() noexcept {
  thread_local thread_cells mine;
  auto i = std::find_if(mine.all.begin(), mine.all.end(),
                        [this](auto& x) { return x.registry == id_; });
  if (i == mine.all.end()) {
    std::erase_if(mine.all, [](auto& x) { return x.cells.expired(); });
    std::lock_guard guard{cells_->mutex};
    auto& entries = cells_->entries;
    auto free = std::find_if(entries.begin(), entries.end(),
                             [](auto& x) { return !x.in_use; });
    if (free == entries.end())
      free = entries.emplace(entries.end());
    free->in_use = true;
    i = mine.all.insert(mine.all.end(), {id_, cells_, &*free});
  }
  last_used = {id_, &i->entry->cell};
  return i->entry->cell;
}

metrics_snapshot metrics_registry::snapshot() const {
  metrics_snapshot result;
  std::lock_guard guard{cells_->mutex};
  for (auto& x : cells_->entries)
    x.cell.collect(result);
  for (auto& x : cells_->entries)
    result.created += x.cell.get(counter::created);
  return result;
}

metrics_snapshot snapshot_metrics(caf::actor_system& sys) {
  auto* host = host::find(sys);
  return host != nullptr ? host->metrics().snapshot() : metrics_snapshot{};
}

} // namespace axiom::runtime
