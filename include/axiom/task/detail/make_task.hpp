#pragma once

#include <cstdint>
#include <cstring>
#include <limits>
#include <new>
#include <string>
#include <utility>

#include <caf/actor_control_block.hpp>
#include <caf/actor_system.hpp>

#include "axiom/runtime/block_cache.hpp"
#include "axiom/task/detail/task_actor.hpp"
#include "axiom/task/detail/work_list.hpp"
#include "axiom/task/operation.hpp"
#include "axiom/task/options.hpp"

namespace axiom::detail {

/// The memory of one task: CAF's control block, the actor one cache line
/// behind it (as CAF expects), and the name at the end. The size is noted in the
/// padding of the control block. (Blocks that start at a cache line would put
/// the fields of the tree into one; that gains nothing that can be measured,
/// and costs 48 bytes a task.)
///
/// CAF's `actor_storage` would do all but the name, and it destroys objects
/// recursively, which a chain of a million tasks does not survive.
template <class Impl>
class task_storage {
public:
  template <class... Ts>
  static task_ptr make(const task_seed& seed, Ts&&... xs) {
    static_assert(alignof(Impl) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__,
                  "over-aligned operations are not supported: put the "
                  "over-aligned part on the heap");
    static_assert(sizeof(Impl) <= std::numeric_limits<std::uint16_t>::max(),
                  "the operation is too large to be part of a task: keep what "
                  "it captures on the heap");
    auto* memory = allocate(object_offset + sizeof(Impl) + seed.name.size() + 1);
    auto* name = memory + object_offset + sizeof(Impl);
    std::memcpy(name, seed.name.data(), seed.name.size());
    name[seed.name.size()] = '\0';
    auto own_seed = seed;
    own_seed.name = {name, seed.name.size()};
    auto& system = seed.domain->system();
    auto [number, here] = system.home->identify();
    auto node = here; // CAF moves it out of a variable
    auto* block = new (memory) caf::actor_control_block(
      number, node, system.system, destroy_object, destroy_block);
    try {
      caf::actor_config cfg;
      new (memory + object_offset)
        Impl(cfg, own_seed, std::forward<Ts>(xs)...);
    } catch (...) {
      destroy_block(block);
      throw;
    }
    return task_ptr{block, false};
  }

private:
  static constexpr std::size_t object_offset = CAF_CACHE_LINE_SIZE;
  static constexpr std::size_t note_offset = sizeof(caf::actor_control_block);

  static_assert(note_offset + sizeof(std::size_t) <= object_offset);

  static void destroy_object(caf::abstract_actor* ptr) {
    work_list::destroy(*static_cast<task_actor*>(ptr));
  }

  static void destroy_block(caf::actor_control_block* block) {
    block->~actor_control_block();
    std::size_t size;
    std::memcpy(&size, reinterpret_cast<char*>(block) + note_offset,
                sizeof(size));
    runtime::block_cache::deallocate(block, size);
  }

  static char* allocate(std::size_t size) {
    auto* result = static_cast<char*>(runtime::block_cache::allocate(size));
    std::memcpy(result + note_offset, &size, sizeof(size));
    return result;
  }
};

/// What a child of `parent` inherits, with its own options on top. Throws
/// `errc::name_too_long` and `errc::invalid_argument`.
task_seed make_seed(task_actor& parent, const task_options& options,
                    task_kind kind);

/// The task under which a new one belongs that is created on this thread: the
/// task running here if it is one of `root`'s, else `root` itself. Throws
/// `errc::scope_closed` inside an on_cancel handler.
task_actor& parent_here(task_actor& root);

/// Where an operation of type `F` runs.
template <class F>
inline constexpr task_kind kind_of = operation_traits<F>::is_blocking
                                       ? task_kind::blocking
                                       : task_kind::plain;

/// Makes and launches a child of `parent`.
template <class Impl, class... Ts>
task_ptr spawn_task(task_actor& parent, const task_options& options,
                    task_kind kind, Ts&&... xs) {
  auto result = task_storage<Impl>::make(make_seed(parent, options, kind),
                                         std::forward<Ts>(xs)...);
  as_task(result)->launch();
  return result;
}

/// The same where nobody keeps a handle. Returns the child's identity.
template <class Impl, class... Ts>
task_id spawn_unowned_task(task_actor& parent, const task_options& options,
                           task_kind kind, Ts&&... xs) {
  auto ptr = task_storage<Impl>::make(make_seed(parent, options, kind),
                                      std::forward<Ts>(xs)...);
  auto result = as_task(ptr)->identity();
  as_task(ptr)->launch(0);
  ptr.release(); // no longer ours
  return result;
}

} // namespace axiom::detail
