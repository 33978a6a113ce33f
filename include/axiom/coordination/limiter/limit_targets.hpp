#pragma once

/// Where each algorithm would have the limit go after a window without drops in
/// which the limit was in use. Pure functions of the limit and of the slowdown:
/// how many times longer a call takes than without a queue (1 or more). The
/// result is not yet held within bounds.
///
/// Published with Netflix's concurrency-limits (classes AIMDLimit, VegasLimit
/// and Gradient2Limit) and in "Performance Under Load", Netflix Technology
/// Blog, 2018; Vegas goes back to TCP Vegas (Brakmo and Peterson, 1995).
namespace axiom::detail {

/// Additive increase. (The multiplicative decrease is for drops, which are not
/// handled here.)
double aimd_target(double limit) noexcept;

/// Estimates how many of the calls in flight wait in a queue, and keeps that
/// number between three and six times the logarithm of the limit. Never rises
/// with the slowdown.
double vegas_target(double limit, double slowdown) noexcept;

/// Scales the limit down in proportion to the slowdown beyond `tolerance`, by
/// half at most, and lets it grow by about its root where there is none; moves
/// a share `smoothing` of the way there. Never rises with the slowdown.
double gradient_target(double limit, double slowdown, double tolerance,
                       double smoothing) noexcept;

} // namespace axiom::detail
