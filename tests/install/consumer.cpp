// Part of Axiom, structured concurrency for CAF. BSD-3-Clause, see LICENSE.

#include <axiom/version.hpp>

#include <cstdio>

int main() {
  std::printf("axiom %s for CAF %s\n", axiom::version().data(),
              axiom::caf_version().data());
  return axiom::version().empty() ? 1 : 0;
}
