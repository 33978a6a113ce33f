#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

struct evp_md_ctx_st;

namespace axiom::deploy::digest {

/// A SHA-256 value.
using sha256_digest = std::array<std::uint8_t, 32>;

/// SHA-256 of bytes that come in pieces, by OpenSSL, which uses the
/// instructions of the processor where it has them.
///
/// Objects are cheap: the context behind them comes from a cache of the
/// calling thread and goes back to the cache of the thread that ends it.
/// One object belongs to one thread at a time and may wander between them.
class sha256 {
public:
  sha256();
  sha256(sha256&&) noexcept = default;
  sha256& operator=(sha256&&) noexcept = default;
  ~sha256();

  void update(std::span<const std::byte> bytes);

  /// The digest of everything so far. Nothing may follow.
  sha256_digest finish();

private:
  struct deleter {
    void operator()(evp_md_ctx_st* ptr) const noexcept;
  };

  using context = std::unique_ptr<evp_md_ctx_st, deleter>;

  static context& cache() noexcept;

  context context_;
};

} // namespace axiom::deploy::digest
