#include "axiom/runtime/block_cache.hpp"

#include <array>
#include <cstdint>
#include <new>

#if defined(__SANITIZE_ADDRESS__)
#  define AXIOM_NO_BLOCK_CACHE
#elif defined(__has_feature)
#  if __has_feature(address_sanitizer)
#    define AXIOM_NO_BLOCK_CACHE
#  endif
#endif

namespace axiom::runtime {

#ifdef AXIOM_NO_BLOCK_CACHE

void* block_cache::allocate(std::size_t size) {
  return ::operator new(size);
}

void block_cache::deallocate(void* block, std::size_t) noexcept {
  ::operator delete(block);
}

#else

namespace {

constexpr std::size_t step = 16;
constexpr std::size_t classes = 48; // up to 768 bytes
constexpr std::uint32_t most_kept = 128;
constexpr std::size_t most_bytes = 32 * 1024; // of one class

struct free_block {
  free_block* next;
};

struct free_list {
  free_block* first = nullptr;
  std::uint32_t length = 0;
};

struct thread_lists {
  std::array<free_list, classes> lists{};
  /// The thread is about to end and has given all back.
  bool closed = false;
};

// Without a constructor or destructor, so that reaching it costs no check.
thread_local constinit thread_lists mine;

struct at_thread_end {
  ~at_thread_end() {
    mine.closed = true;
    for (auto& list : mine.lists)
      while (auto* block = list.first) {
        list.first = block->next;
        ::operator delete(block);
      }
  }
};

constexpr std::size_t class_of(std::size_t size) noexcept {
  return (size - 1) / step;
}

/// How many blocks of a class a thread keeps.
constexpr std::uint32_t limit_of(std::size_t which) noexcept {
  const auto by_bytes
    = static_cast<std::uint32_t>(most_bytes / ((which + 1) * step));
  return by_bytes < most_kept ? by_bytes : most_kept;
}

} // namespace

void* block_cache::allocate(std::size_t size) {
  const auto which = class_of(size);
  if (which >= classes)
    return ::operator new(size);
  auto& list = mine.lists[which];
  if (auto* block = list.first) {
    list.first = block->next;
    --list.length;
    return block;
  }
  return ::operator new((which + 1) * step);
}

void block_cache::deallocate(void* block, std::size_t size) noexcept {
  const auto which = class_of(size);
  if (which >= classes)
    return ::operator delete(block);
  auto& list = mine.lists[which];
  if (list.length >= limit_of(which) || mine.closed)
    return ::operator delete(block);
  thread_local at_thread_end giving_back; // registered by the first block
  static_cast<void>(giving_back);
  list.first = new (block) free_block{list.first};
  ++list.length;
}

#endif

} // namespace axiom::runtime
