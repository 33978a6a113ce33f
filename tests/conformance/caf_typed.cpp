// Statically typed actors, by function, by class and composed, and all that
// a handler of theirs may return.

#include <caf/composable_behavior.hpp>
#include <caf/composed_behavior.hpp>
#include <caf/skip.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "conformance/fixture.hpp"

using namespace conformance;

namespace {

using adding =
  caf::typed_actor<caf::replies_to<caf::add_atom, int, int>::with<int>>;

using dividing =
  caf::typed_actor<caf::replies_to<caf::div_atom, int, int>::with<int, int>>;

using calculating = adding::extend_with<dividing>;

// -- by function --------------------------------------------------------------

caf::result<int, int> divide(int x, int y) {
  if (y == 0)
    return caf::sec::invalid_argument;
  return {x / y, x % y};
}

calculating::behavior_type calculate() {
  return {
    [](caf::add_atom, int x, int y) { return x + y; },
    [](caf::div_atom, int x, int y) { return divide(x, y); },
  };
}

calculating::behavior_type delegate(calculating::pointer self,
                                    const calculating& next) {
  return {
    [=](caf::add_atom op, int x, int y) {
      return self->delegate(next, op, x, y);
    },
    [=](caf::div_atom op, int x, int y) {
      return self->delegate(next, op, x, y);
    },
  };
}

// -- by class -----------------------------------------------------------------

class calculator : public calculating::base {
public:
  calculator(caf::actor_config& cfg, int offset)
    : calculating::base(cfg), offset_(offset) {
    // nop
  }

  behavior_type make_behavior() override {
    return {
      [this](caf::add_atom, int x, int y) { return x + y + offset_; },
      [](caf::div_atom, int x, int y) { return divide(x, y); },
    };
  }

private:
  int offset_;
};

// -- composed -----------------------------------------------------------------

class adder : public caf::composable_behavior<adding> {
public:
  caf::result<int> operator()(caf::add_atom, int x, int y) override {
    return x + y;
  }
};

class divider : public caf::composable_behavior<dividing> {
public:
  caf::result<int, int> operator()(caf::div_atom, int x, int y) override {
    return divide(x, y);
  }
};

/// What `x`, which calculates correctly, answers.
void check(caf::actor_system& sys, const calculating& x) {
  BOOST_TEST(*ask<int>(sys, x, caf::add_atom_v, 1, 2) == 3);
  caf::scoped_actor self{sys};
  self->request(x, caf::infinite, caf::div_atom_v, 17, 5)
    .receive(
      [](int quotient, int rest) {
        BOOST_TEST(quotient == 3);
        BOOST_TEST(rest == 2);
      },
      [](const caf::error&) { BOOST_ERROR("not divided"); });
  self->request(x, caf::infinite, caf::div_atom_v, 1, 0)
    .receive([](int, int) { BOOST_ERROR("divided by zero"); },
             [](const caf::error& why) {
               BOOST_CHECK(why == caf::sec::invalid_argument);
             });
}

} // namespace

BOOST_AUTO_TEST_SUITE(typed_actors)

BOOST_DATA_TEST_CASE(functions_answer_with_values_or_errors, everywhere,
                     where) {
  fixture fix{where};
  check(fix.system(), fix.system().spawn(calculate));
}

BOOST_DATA_TEST_CASE(classes_answer_with_values_or_errors, everywhere, where) {
  fixture fix{where};
  check(fix.system(), fix.system().spawn<calculator>(0));
  BOOST_TEST(*ask<int>(fix.system(), fix.system().spawn<calculator>(10),
                       caf::add_atom_v, 1, 2)
             == 13);
}

BOOST_DATA_TEST_CASE(composed_behaviours_answer_for_each_part, everywhere,
                     where) {
  fixture fix{where};
  calculating x = fix.system().spawn<caf::composed_behavior<adder, divider>>();
  check(fix.system(), x);
}

BOOST_DATA_TEST_CASE(delegates_answer, everywhere, where) {
  fixture fix{where};
  auto& sys = fix.system();
  check(sys, sys.spawn(delegate, sys.spawn(delegate, sys.spawn(calculate))));
}

BOOST_DATA_TEST_CASE(one_handler_answers_now_later_by_others_or_not, everywhere,
                     where) {
  using answering = caf::typed_actor<caf::replies_to<int>::with<std::string>,
                                     caf::reacts_to<caf::flush_atom>>;
  fixture fix{where};
  auto other = fix.system().spawn([]() -> answering::behavior_type {
    return {
      [](int) { return std::string{"delegated"}; },
      [](caf::flush_atom) {},
    };
  });
  auto x = fix.system().spawn(
    [other](answering::pointer self) -> answering::behavior_type {
      auto later = std::make_shared<caf::typed_response_promise<std::string>>();
      return {
        [=](int kind) -> caf::result<std::string> {
          switch (kind) {
            case 0:
              return std::string{"now"};
            case 1:
              *later = self->make_response_promise<std::string>();
              self->send(self, caf::flush_atom_v);
              return *later;
            case 2:
              return self->delegate(other, kind);
            default:
              return caf::sec::invalid_argument;
          }
        },
        [=](caf::flush_atom) { later->deliver(std::string{"later"}); },
      };
    });
  auto& sys = fix.system();
  BOOST_TEST(*ask<std::string>(sys, x, 0) == "now");
  BOOST_TEST(*ask<std::string>(sys, x, 1) == "later");
  BOOST_TEST(*ask<std::string>(sys, x, 2) == "delegated");
  BOOST_CHECK(ask<std::string>(sys, x, 3).error()
              == caf::sec::invalid_argument);
}

BOOST_DATA_TEST_CASE(handlers_skip_and_become, everywhere, where) {
  using door = caf::typed_actor<caf::replies_to<caf::get_atom>::with<int>,
                                caf::reacts_to<caf::open_atom>>;
  struct opening {
    static door::behavior_type shut(door::pointer self) {
      return {
        [](caf::get_atom) -> caf::result<int> { return caf::skip; },
        [self](caf::open_atom) { self->become(open(self)); },
      };
    }

    static door::behavior_type open(door::pointer) {
      return {
        [](caf::get_atom) -> caf::result<int> { return 1; },
        [](caf::open_atom) {},
      };
    }
  };
  fixture fix{where};
  auto x = fix.system().spawn(opening::shut);
  caf::scoped_actor self{fix.system()};
  auto pending = self->request(x, caf::infinite, caf::get_atom_v);
  self->send(x, caf::open_atom_v);
  pending.receive([](int value) { BOOST_TEST(value == 1); },
                  [](const caf::error&) { BOOST_ERROR("not answered"); });
}

BOOST_DATA_TEST_CASE(state_is_kept, everywhere, where) {
  using counting = caf::typed_actor<caf::replies_to<caf::tick_atom>::with<int>>;
  struct count {
    int value = 0;
    const char* name = "counter";
  };
  fixture fix{where};
  auto x = fix.system().spawn(
    [](counting::stateful_pointer<count> self) -> counting::behavior_type {
      return {[self](caf::tick_atom) { return ++self->state.value; }};
    });
  for (int i = 1; i <= 10; ++i)
    BOOST_TEST(*ask<int>(fix.system(), x, caf::tick_atom_v) == i);
}

BOOST_AUTO_TEST_SUITE_END()
