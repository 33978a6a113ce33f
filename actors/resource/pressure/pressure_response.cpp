#include "axiom/resource/pressure/pressure_response.hpp"

namespace axiom::detail {

using level = memory_pressure_level;

pressure_response::steps pressure_response::on_reading(
  memory_pressure_level now, bool acute) {
  steps result;
  result.reserve(4); // from here on nothing can fail
  if (stage_ == relief_stage::serialise && now == level::critical && acute
      && !batch_out_)
    result.push_back(pressure_step::shed);
  if (stage_ == relief_stage::none && now >= level::warning) {
    stage_ = relief_stage::shrink;
    result.push_back(pressure_step::shrink);
  }
  if (stage_ == relief_stage::shrink && now == level::critical) {
    stage_ = relief_stage::serialise;
    result.push_back(pressure_step::serialise);
  }
  if (stage_ == relief_stage::serialise && now < level::critical) {
    stage_ = relief_stage::shrink;
    result.push_back(pressure_step::unserialise);
  }
  if (stage_ == relief_stage::shrink && now == level::normal) {
    stage_ = relief_stage::none;
    result.push_back(pressure_step::regrow);
  }
  return result;
}

pressure_response::steps pressure_response::on_close() {
  return on_reading(level::normal, false);
}

} // namespace axiom::detail
