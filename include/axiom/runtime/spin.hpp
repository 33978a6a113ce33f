#pragma once

#if defined(__x86_64__) || defined(__i386__)
#  include <immintrin.h>
#endif

namespace axiom::runtime {

/// Passes the time of `n` short waits without giving up the processor.
inline void spin(int n) noexcept {
  for (; n > 0; --n) {
#if defined(__x86_64__) || defined(__i386__)
    _mm_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
  }
}

} // namespace axiom::runtime
