#pragma once

#include <caf/actor_system_config.hpp>

#include "axiom/runtime/install.hpp"

namespace axiom {

/// A configuration for actor systems that use Axiom: installs the scheduler
/// module, registers the message types and the error category.
///
///     axiom::config cfg;
///     cfg.axiom.threads = 4;
///     caf::actor_system sys{cfg};
///
/// Derive from it where an application has options of its own, or call
/// `axiom::setup` on another configuration class. As CAF demands of any
/// configuration, it must outlive the system.
class config : public caf::actor_system_config {
public:
  config();
  config(const config&) = delete;
  config& operator=(const config&) = delete;

  /// Read when the actor system starts.
  runtime::runtime_options axiom;
};

/// What `config` does, for a configuration class that cannot derive from it.
/// `options` must live until the actor system has started.
void setup(caf::actor_system_config& cfg,
           const runtime::runtime_options& options);

} // namespace axiom
