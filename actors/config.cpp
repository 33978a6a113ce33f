#include "axiom/config.hpp"

#include "axiom/coordination/message_types.hpp"
#include "axiom/error/errc.hpp"
#include "axiom/error/message_types.hpp"
#include "axiom/error/supervisor/message_types.hpp"
#include "axiom/resource/message_types.hpp"
#include "axiom/resource/pressure/message_types.hpp"
#include "axiom/task/message_types.hpp"

namespace axiom {

config::config() {
  setup(*this, axiom);
}

void setup(caf::actor_system_config& cfg,
           const runtime::runtime_options& options) {
  cfg.add_message_types<caf::id_block::axiom_task>();
  cfg.add_message_types<caf::id_block::axiom_coordination>();
  cfg.add_message_types<caf::id_block::axiom_error>();
  cfg.add_message_types<caf::id_block::axiom_supervisor>();
  cfg.add_message_types<caf::id_block::axiom_resource>();
  cfg.add_message_types<caf::id_block::axiom_memory_pressure>();
  cfg.add_error_category(errc_category, render_errc);
  runtime::install(cfg, options);
}

} // namespace axiom
