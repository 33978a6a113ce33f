#pragma once

#include <cstdint>
#include <cstring>
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
/// behind it (as CAF expects), and the name at the end. The block starts at a
/// cache line, which puts the fields of the tree into one. (The aligned
/// operator new takes three times as long as the plain one, so we align
/// ourselves, and note in the padding of the control block what to give back.)
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

  /// What was allocated: its size, and how far before the block it begins.
  struct allocation {
    std::uint32_t size;
    std::uint32_t before;
  };

  static_assert(note_offset + sizeof(allocation) <= object_offset);

  static void destroy_object(caf::abstract_actor* ptr) {
    work_list::destroy(*static_cast<task_actor*>(ptr), [](task_actor& task) {
      task.on_destroy();
      static_cast<Impl&>(task).~Impl();
    });
  }

  static void destroy_block(caf::actor_control_block* block) {
    block->~actor_control_block();
    auto* memory = reinterpret_cast<char*>(block);
    allocation note;
    std::memcpy(&note, memory + note_offset, sizeof(note));
    runtime::block_cache::deallocate(memory - note.before, note.size);
  }

  static char* allocate(std::size_t size) {
    constexpr auto line = object_offset;
    constexpr auto slack = line - __STDCPP_DEFAULT_NEW_ALIGNMENT__;
    auto* plain = static_cast<char*>(runtime::block_cache::allocate(size + slack));
    const auto before = (line - reinterpret_cast<std::uintptr_t>(plain) % line)
                        % line;
    const allocation note{static_cast<std::uint32_t>(size + slack),
                          static_cast<std::uint32_t>(before)};
    std::memcpy(plain + before + note_offset, &note, sizeof(note));
    return plain + before;
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
