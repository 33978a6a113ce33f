#pragma once

// Work in a process of its own, so that heap, threads and page cache of one
// measurement are not those of the next, and a crash of one is named.

#include <functional>

namespace bench {

/// Runs `work` in a forked process and waits for its end. An exception that
/// leaves `work` is printed there. Throws `std::runtime_error` unless the
/// process ended well. It does not outlive this one, however that ends.
/// @pre no thread exists but the caller's: fork copies only that one
void in_own_process(const std::function<void()>& work);

/// The same, and gives what `work` returned.
double from_own_process(const std::function<double()>& work);

} // namespace bench
