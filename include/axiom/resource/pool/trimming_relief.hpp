#pragma once

#include "axiom/resource/memory_relief.hpp"

namespace axiom::detail {

/// The relief that a pool has to offer: as long as memory is short, whatever
/// comes to be idle is given back to the system at the next reading.
class trimming_relief : public memory_relief {
public:
  void relieve(relief_stage stage) final {
    stage_ = stage;
    trim_if_asked();
  }

  void headroom(std::uint64_t) final {
    trim_if_asked();
  }

private:
  /// Returns at once; may do it elsewhere.
  virtual void trim_idle() = 0;

  void trim_if_asked() {
    if (stage_ != relief_stage::none)
      trim_idle();
  }

  relief_stage stage_ = relief_stage::none; ///< of whoever calls, one at a time
};

} // namespace axiom::detail
