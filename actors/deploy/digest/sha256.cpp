#include "axiom/deploy/digest/sha256.hpp"

#include <stdexcept>
#include <utility>

#include <openssl/evp.h>

namespace axiom::deploy::digest {

namespace {

/// Fetched once: looking an algorithm up by name takes longer than hashing a
/// small file.
const EVP_MD* algorithm() {
  static const std::unique_ptr<EVP_MD, void (*)(EVP_MD*)> fetched{
    EVP_MD_fetch(nullptr, "SHA256", nullptr), &EVP_MD_free};
  if (!fetched)
    throw std::runtime_error("OpenSSL has no SHA-256 here (is a provider "
                             "missing in its configuration?)");
  return fetched.get();
}

void check(int ok) {
  if (ok != 1)
    throw std::runtime_error("OpenSSL could not compute a SHA-256");
}

} // namespace

void sha256::deleter::operator()(evp_md_ctx_st* ptr) const noexcept {
  EVP_MD_CTX_free(ptr);
}

sha256::context& sha256::cache() noexcept {
  static thread_local context instance;
  return instance;
}

sha256::sha256() : context_(std::move(cache())) {
  const auto* wanted = algorithm();
  if (!context_) {
    context_.reset(EVP_MD_CTX_new());
    if (!context_)
      throw std::bad_alloc{};
    check(EVP_DigestInit_ex2(context_.get(), wanted, nullptr));
  } else {
    // A null algorithm keeps the one of the last time and its allocations.
    check(EVP_DigestInit_ex2(context_.get(), nullptr, nullptr));
  }
}

sha256::~sha256() {
  if (context_ && !cache())
    cache() = std::move(context_);
}

void sha256::update(std::span<const std::byte> bytes) {
  check(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()));
}

sha256_digest sha256::finish() {
  sha256_digest result;
  check(EVP_DigestFinal_ex(context_.get(), result.data(), nullptr));
  return result;
}

} // namespace axiom::deploy::digest
