#pragma once

#include <atomic>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include <caf/actor_cast.hpp>
#include <caf/deep_to_string.hpp>
#include <caf/message.hpp>
#include <caf/response_type.hpp>
#include <caf/typed_actor.hpp>

#include "axiom/task/detail/awaiter.hpp"

namespace axiom::detail {

/// One request without an answer: a link in its task's list, guarded by the
/// task's lock. Three may claim it, once: the response, the timeout, and (by
/// resuming the task) a cancellation.
///
/// It is in the list before the request is sent, since the response may come
/// inside the receiver's `enqueue`, on this thread.
class pending_response {
public:
  pending_response(const pending_response&) = delete;
  pending_response& operator=(const pending_response&) = delete;

protected:
  pending_response() = default;
  ~pending_response();

  /// Registers and sends. Returns true: the task suspends.
  bool send(task_actor& task, const caf::strong_actor_ptr& receiver,
            runtime::duration timeout, caf::message content);

  /// The response. Throws an error response, and the timeout.
  caf::message& response();

private:
  friend class task_actor;

  enum class winner : int { nobody, response, timeout };

  /// A member of a final class, not a base: it may fire until the destructor has
  /// disarmed it, and a base would change its dynamic type before that.
  struct timer final : runtime::timer_entry {
    explicit timer(pending_response& x) noexcept : owner(x) {
      // nop
    }

    void fire() noexcept override;

    pending_response& owner;
  };

  timer timer_{*this};
  task_actor* task_ = nullptr;
  std::uint64_t id_ = 0;
  pending_response* next_ = nullptr;
  pending_response** previous_ = nullptr;
  std::uint16_t epoch_ = 0;
  std::atomic<winner> winner_{winner::nobody};
  caf::message content_;
  runtime::duration timeout_{};
};

[[noreturn]] void throw_unexpected_response(const caf::message& content);

/// Turns a response into the types it should have.
template <class... Rs>
struct response_reader {
  using type = std::tuple<Rs...>;

  static type read(caf::message& content) {
    if (!content.match_elements<Rs...>())
      throw_unexpected_response(content);
    return [&]<std::size_t... Is>(std::index_sequence<Is...>) {
      return type{std::move(content.get_mutable_as<Rs>(Is))...};
    }(std::index_sequence_for<Rs...>{});
  }
};

template <class R>
struct response_reader<R> {
  using type = R;

  static R read(caf::message& content) {
    if constexpr (std::is_same_v<R, caf::message>) {
      return std::move(content);
    } else {
      if (!content.match_elements<R>())
        throw_unexpected_response(content);
      return std::move(content.get_mutable_as<R>(0));
    }
  }
};

template <>
struct response_reader<> {
  using type = void;

  static void read(caf::message& content) {
    if (!content.empty())
      throw_unexpected_response(content);
  }
};

template <>
struct response_reader<void> : response_reader<> {};

template <>
struct response_reader<caf::unit_t> : response_reader<> {};

template <class Reader>
class request_awaiter final : public awaiter<request_awaiter<Reader>>,
                              private pending_response {
public:
  request_awaiter(caf::strong_actor_ptr receiver, runtime::duration timeout,
                  caf::message content)
    : receiver_(std::move(receiver)),
      timeout_(timeout),
      content_(std::move(content)) {
    // nop
  }

  bool arm(task_actor& task) {
    return send(task, receiver_, timeout_, std::move(content_));
  }

  typename Reader::type await_resume() {
    return Reader::read(response());
  }

private:
  caf::strong_actor_ptr receiver_;
  runtime::duration timeout_;
  caf::message content_;
};

/// A request to be sent when it is awaited.
template <class Reader>
struct request : awaitable_tag {
  request(caf::strong_actor_ptr to, runtime::duration limit,
          caf::message what) noexcept
    : receiver(std::move(to)), timeout(limit), content(std::move(what)) {
    // nop
  }

  friend request_awaiter<Reader> as_awaiter(request&& x) {
    return {std::move(x.receiver), x.timeout, std::move(x.content)};
  }

  caf::strong_actor_ptr receiver;
  runtime::duration timeout;
  caf::message content;
};

template <class List>
struct reader_of_list;

template <class... Rs>
struct reader_of_list<caf::detail::type_list<Rs...>> {
  using type = response_reader<Rs...>;
};

/// How to read the response of `Handle` to `Ts...`: as its interface says if it
/// has one, else as the caller says.
template <class Handle, class Asked, class... Ts>
struct reader_of {
  using signatures = typename Handle::signatures;
  using response = caf::response_type<
    signatures,
    typename caf::detail::implicit_conversions<std::decay_t<Ts>>::type...>;
  static_assert(response::valid, "the actor does not accept this request");
  using type = typename reader_of_list<typename response::type>::type;
};

template <class... Rs, class... Ts>
struct reader_of<caf::actor, caf::detail::type_list<Rs...>, Ts...> {
  using type = std::conditional_t<sizeof...(Rs) == 0,
                                  response_reader<caf::message>,
                                  response_reader<Rs...>>;
};

} // namespace axiom::detail
