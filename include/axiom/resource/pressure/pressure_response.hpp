#pragma once

#include <vector>

#include "axiom/resource/memory_pressure_level.hpp"

namespace axiom::detail {

/// From levels to what is done about them, a step at a time.
///
///     none --warning--> shrink --critical--> serialise --critical--> (shed)
///      ^                 |  ^                  |    ^                  |
///      +-----normal------+  +---not critical---+    +--it took effect--+
///
/// Steps of one reading come in this order, and are undone in the reverse
/// order. Shedding cannot be undone, so it is the last resort: never at the
/// reading that asked for the stage before it, whose effect nobody has seen
/// yet; only while memory is short at that moment; and one batch at a time, the
/// next one at a reading after those cancelled have ended or are overdue.
///
/// A value, and nothing but a function of what it was told.
class pressure_response {
public:
  using steps = std::vector<pressure_step>;

  /// What a reading asks for. With `shed` in it the caller sheds, and calls
  /// `batch_begins` if there was anybody.
  /// @param acute see gauge_result
  steps on_reading(memory_pressure_level level, bool acute);

  void batch_begins() noexcept {
    batch_out_ = true;
  }

  /// All of the batch have ended, or their grace has.
  void batch_ends() noexcept {
    batch_out_ = false;
  }

  /// What was asked for and is to be undone since there will be no readings.
  steps on_close();

  relief_stage stage() const noexcept {
    return stage_;
  }

  bool batch_is_out() const noexcept {
    return batch_out_;
  }

private:
  relief_stage stage_ = relief_stage::none;
  bool batch_out_ = false;
};

} // namespace axiom::detail
