#include "axiom/runtime/topology.hpp"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <thread>
#include <type_traits>

#include <hwloc.h>
#include <pthread.h>
#include <sched.h>

#include "axiom/error/enum_names.hpp"
#include "axiom/runtime/cpu_quota.hpp"

namespace axiom::runtime {

namespace {

// -- hwloc --------------------------------------------------------------------

struct destroy_topology {
  void operator()(hwloc_topology_t topology) const noexcept {
    hwloc_topology_destroy(topology);
  }
};

using topology_ptr
  = std::unique_ptr<std::remove_pointer_t<hwloc_topology_t>, destroy_topology>;

/// Appends the processors of `object`.
void collect(hwloc_obj_t object, std::vector<processor_id>& processors) {
  if (object->type == HWLOC_OBJ_PU)
    processors.push_back(object->os_index);
  for (auto* i = object->first_child; i != nullptr; i = i->next_sibling)
    collect(i, processors);
}

/// NUMA nodes are no children for hwloc: they hang on the object, perhaps made
/// for the purpose, whose processors are near to them. So its children are all
/// it takes. A processor of which no core is known is a core of its own.
processor_group describe(hwloc_obj_t object) {
  processor_group result;
  if (object->type == HWLOC_OBJ_CORE || object->type == HWLOC_OBJ_PU)
    collect(object, result.processors);
  else
    for (auto* i = object->first_child; i != nullptr; i = i->next_sibling)
      result.parts.push_back(describe(i));
  return result;
}

/// Reads the machine that `select` chooses; this one if it chooses none.
template <class F>
processor_group read_machine(F select) {
  hwloc_topology_t made = nullptr;
  if (hwloc_topology_init(&made) != 0)
    return {};
  const topology_ptr topology{made};
  // Otherwise hwloc may send this thread round all processors to ask each.
  const auto flags = HWLOC_TOPOLOGY_FLAG_DONT_CHANGE_BINDING;
  if (!select(made) || hwloc_topology_set_flags(made, flags) != 0
      || hwloc_topology_load(made) != 0)
    return {};
  return describe(hwloc_get_root_obj(made));
}

// -- orders -------------------------------------------------------------------

/// The first of every list, then the second of those that have one, and so on.
template <class T>
std::vector<T> in_turn(const std::vector<std::vector<T>>& lists) {
  std::vector<T> result;
  for (std::size_t round = 0;; ++round) {
    const auto before = result.size();
    for (const auto& list : lists)
      if (round < list.size())
        result.push_back(list[round]);
    if (result.size() == before)
      return result;
  }
}

template <class T>
std::vector<T> one_after_another(const std::vector<std::vector<T>>& lists) {
  std::vector<T> result;
  for (const auto& list : lists)
    result.insert(result.end(), list.begin(), list.end());
  return result;
}

using core = std::vector<processor_id>;

std::vector<core> cores_of(const processor_group& group, affinity how) {
  if (group.parts.empty())
    return {group.processors};
  std::vector<std::vector<core>> lists;
  for (const auto& part : group.parts)
    lists.push_back(cores_of(part, how));
  return how == affinity::scatter ? in_turn(lists) : one_after_another(lists);
}

constexpr enum_names<affinity, 3> affinity_names{
  {"none", "compact", "scatter"}};

} // namespace

// -- processors ---------------------------------------------------------------

std::vector<processor_id> allowed_processors() {
  // The kernel refuses a set smaller than its own, whose size it does not tell.
  constexpr std::size_t most_sets = 1024;
  for (std::size_t sets = 1; sets <= most_sets; sets *= 2) {
    std::vector<cpu_set_t> mask(sets);
    const auto bytes = sets * sizeof(cpu_set_t);
    if (::sched_getaffinity(0, bytes, mask.data()) == 0) {
      std::vector<processor_id> result;
      for (processor_id i = 0; i < sets * CPU_SETSIZE; ++i)
        if (CPU_ISSET_S(i, bytes, mask.data()))
          result.push_back(i);
      return result;
    }
    if (errno != EINVAL)
      break;
  }
  return {};
}

std::size_t usable_processors(const std::string& proc) {
  auto result = allowed_processors().size();
  if (result == 0)
    result = std::max(1u, std::thread::hardware_concurrency());
  return std::min(result, cpu_quota(proc).value_or(result));
}

// -- the machine --------------------------------------------------------------

processor_group this_machine() {
  return restricted(read_machine([](hwloc_topology_t) { return true; }),
                    allowed_processors());
}

processor_group synthetic_machine(const std::string& description) {
  return read_machine([&](hwloc_topology_t topology) {
    return hwloc_topology_set_synthetic(topology, description.c_str()) == 0;
  });
}

processor_group restricted(const processor_group& machine,
                           const std::vector<processor_id>& allowed) {
  processor_group result;
  for (auto processor : machine.processors)
    if (std::find(allowed.begin(), allowed.end(), processor) != allowed.end())
      result.processors.push_back(processor);
  for (const auto& part : machine.parts)
    if (auto rest = restricted(part, allowed); rest != processor_group{})
      result.parts.push_back(std::move(rest));
  return result;
}

// -- workers ------------------------------------------------------------------

std::string to_string(affinity value) {
  return affinity_names.print(value);
}

std::optional<affinity> parse_affinity(std::string_view name) {
  return affinity_names.parse(name);
}

std::vector<std::optional<processor_id>>
plan_workers(const processor_group& machine, affinity how,
             std::size_t workers) {
  std::vector<std::optional<processor_id>> result(workers);
  if (how == affinity::none)
    return result;
  const auto order = in_turn(cores_of(machine, how));
  if (!order.empty())
    for (std::size_t i = 0; i < workers; ++i)
      result[i] = order[i % order.size()];
  return result;
}

std::vector<std::optional<processor_id>> plan_workers(affinity how,
                                                      std::size_t workers) {
  return plan_workers(
    how == affinity::none ? processor_group{} : this_machine(), how, workers);
}

std::error_code
bind_this_thread(std::span<const processor_id> processors) noexcept {
  std::size_t count = 1;
  for (auto processor : processors)
    count = std::max(count, std::size_t{processor} + 1);
  // On the heap, for cpu_set_t ends at 1024 processors.
  const auto free_set = [](cpu_set_t* set) { CPU_FREE(set); };
  const std::unique_ptr<cpu_set_t, decltype(free_set)> set{CPU_ALLOC(count),
                                                           free_set};
  if (!set)
    return {ENOMEM, std::generic_category()};
  const auto bytes = CPU_ALLOC_SIZE(count);
  CPU_ZERO_S(bytes, set.get());
  for (auto processor : processors)
    CPU_SET_S(processor, bytes, set.get());
  return {::pthread_setaffinity_np(::pthread_self(), bytes, set.get()),
          std::generic_category()};
}

std::error_code pin_this_thread(processor_id processor) noexcept {
  return bind_this_thread({&processor, 1});
}

} // namespace axiom::runtime
