#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace axiom::deploy {

/// How far something is, at one moment.
struct progress_snapshot {
  std::uint64_t found = 0;  // items known so far
  std::uint64_t done = 0;   // items finished, well or not
  std::uint64_t failed = 0; // of these, not well
  std::uint64_t bytes = 0;  // worked through
  bool discovering = true;  // `found` still grows

  progress_snapshot& operator+=(const progress_snapshot& other) noexcept;
};

/// Counts how far one task is. Any thread may count and read; a reader may see
/// one number a little older than another, but never more done than found.
class progress_counters {
public:
  void add_found(std::uint64_t n) noexcept {
    found_.fetch_add(n, std::memory_order_relaxed);
  }

  /// For items that take long: before they are done.
  void add_bytes(std::uint64_t n) noexcept {
    bytes_.fetch_add(n, std::memory_order_relaxed);
  }

  void add_done() noexcept {
    done_.fetch_add(1, std::memory_order_relaxed);
  }

  void add_failed() noexcept {
    failed_.fetch_add(1, std::memory_order_relaxed);
    done_.fetch_add(1, std::memory_order_relaxed);
  }

  /// `found` is final.
  void end_discovery() noexcept {
    discovering_.store(false, std::memory_order_release);
  }

  /// Begins anew. @pre nobody counts; a reader may see a part of what was
  void reset() noexcept {
    done_.store(0, std::memory_order_relaxed);
    failed_.store(0, std::memory_order_relaxed);
    bytes_.store(0, std::memory_order_relaxed);
    found_.store(0, std::memory_order_relaxed);
    discovering_.store(true, std::memory_order_relaxed);
  }

  progress_snapshot read() const noexcept;

private:
  std::atomic<std::uint64_t> found_{0};
  std::atomic<bool> discovering_{true};
  // Written for each item, by all workers; away from what is read elsewhere.
  alignas(64) std::atomic<std::uint64_t> done_{0};
  std::atomic<std::uint64_t> failed_{0};
  std::atomic<std::uint64_t> bytes_{0};
};

/// Turns snapshots into text: a bar for a terminal, a line for a log. The rate
/// is smoothed over the last seconds, and the time left follows from it.
///
/// Pure but for its own past: time comes in as an argument.
class progress_text {
public:
  using duration = std::chrono::nanoseconds;

  /// `unit` names the items, such as "files"; if it is empty there are none,
  /// and the text is the note.
  explicit progress_text(std::string unit);

  /// Takes a snapshot made `elapsed` after the start.
  /// @param note what else there is to say; printable ASCII
  void update(const progress_snapshot& now, duration elapsed,
              std::string note = {});

  /// The state as a bar of at most `width` columns; printable ASCII, no
  /// newline. What does not fit is left out, the counts last.
  std::string bar(std::size_t width) const;

  /// The state as a line; printable ASCII, no newline.
  std::string line() const;

  /// The state as a line that sums up: no rate of the moment, no time left.
  std::string total() const;

private:
  std::string counts() const;
  std::string estimate() const;
  std::string with_note(std::string text) const;

  std::string unit_;
  std::string note_;
  progress_snapshot last_;
  duration elapsed_{0};
  double rate_ = 0; // items a second, smoothed; 0: not known yet
};

/// 1234567 as 1,234,567.
std::string grouped(std::uint64_t n);

/// A number of bytes for people, such as 253.5 MB.
std::string human_bytes(std::uint64_t n);

/// A duration for people, such as 0.42 s, 1:05 or 2:03:09.
std::string human_duration(std::chrono::nanoseconds d);

} // namespace axiom::deploy
