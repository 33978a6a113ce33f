#pragma once

// Sources of items for the tests of map_with_limit and transform_stream: they
// note what is taken of them, and when.

#include <cstddef>
#include <iterator>
#include <stdexcept>
#include <type_traits>
#include <utility>

namespace test {

/// An item that counts how many of its kind live, and cannot be copied.
class counted_item {
public:
  counted_item(int& alive, int value) : alive_(&alive), value_(value) {
    ++*alive_;
  }

  counted_item(counted_item&& other) noexcept
    : alive_(other.alive_), value_(other.value_) {
    ++*alive_;
  }

  counted_item& operator=(counted_item&&) = delete;

  ~counted_item() {
    --*alive_;
  }

  int value() const noexcept {
    return value_;
  }

private:
  int* alive_;
  int value_;
};

/// A single-pass range that makes its items when they are taken:
/// `make(0)`, `make(1)`, ... It knows its length but does not tell.
template <class F>
class made_items {
public:
  made_items(int length, F make) : length_(length), make_(std::move(make)) {
    // nop
  }

  /// How many were made.
  int taken() const noexcept {
    return taken_;
  }

  class iterator {
  public:
    using value_type = std::invoke_result_t<F&, int>;
    using difference_type = std::ptrdiff_t;
    using iterator_concept = std::input_iterator_tag;

    explicit iterator(made_items& from) : from_(&from) {
      // nop
    }

    iterator(iterator&&) = default;
    iterator& operator=(iterator&&) = default;

    value_type operator*() const {
      return from_->make_(from_->taken_++);
    }

    iterator& operator++() {
      ++at_;
      return *this;
    }

    void operator++(int) {
      ++at_;
    }

    bool operator==(std::default_sentinel_t) const {
      return at_ == from_->length_;
    }

  private:
    made_items* from_;
    int at_ = 0;
  };

  iterator begin() {
    return iterator{*this};
  }

  std::default_sentinel_t end() const {
    return {};
  }

private:
  int length_;
  F make_;
  int taken_ = 0;
};

/// A range of this many numbers that throws in its `n`th step.
inline auto throwing_at(int n, int length) {
  return made_items{length, [n](int i) {
                      if (i == n)
                        throw std::runtime_error("the source is broken");
                      return i;
                    }};
}

} // namespace test
