#pragma once

// The rules of a keyed limiter's queue, by scanning vectors.

#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "support/limiter.hpp"

namespace test {

/// The same rules, as plainly as can be.
struct keyed_model {
  struct part {
    permit_count held = 0;
    std::uint64_t start = 0;
    std::uint64_t turn = 0;
  };

  struct choice {
    entries::const_iterator who;
    bool guaranteed;
  };

  permit_count limit;
  permit_count in_use = 0;
  time_point now = start;
  entries waiting{}; // in order of arrival
  std::map<std::string, part> parts{};
  std::map<std::string, key_share> shares{};
  std::vector<std::string> rotation{}; // of those with a minimum that wait
  std::uint64_t virtual_time = 0;
  std::uint64_t turns = 0;
  bool closed = false;

  key_share share(const std::string& key) const {
    auto i = shares.find(key);
    return i != shares.end() ? i->second : key_share{};
  }

  permit_count minima() const {
    permit_count result = 0;
    for (auto& [key, share] : shares)
      result += share.minimum;
    return result;
  }

  permit_count capacity(const std::string& key) const {
    return limit - minima() + share(key).minimum;
  }

  bool waits(const std::string& key) const {
    return std::any_of(waiting.begin(), waiting.end(),
                       [&](auto& x) { return x.key == key; });
  }

  auto head(const std::string& key, time_point when) const {
    return first_of(waiting, when, ageing,
                    [&](auto& x) { return x.key == key; });
  }

  choice first(time_point when) const {
    for (auto& key : rotation) {
      auto x = head(key, when);
      if (parts.at(key).held + x->weight <= share(key).minimum)
        return {x, true};
    }
    const std::string* best = nullptr;
    for (auto& [key, x] : parts)
      if (waits(key)
          && (best == nullptr
              || std::tie(x.start, x.turn)
                   < std::tie(parts.at(*best).start, parts.at(*best).turn)))
        best = &key;
    return {best != nullptr ? head(*best, when) : waiting.end(), false};
  }

  bool would_grant(time_point when) const {
    auto x = first(when).who;
    return x != waiting.end() && in_use + x->weight <= limit;
  }

  verdicts settle() {
    verdicts result;
    for (auto x = first(now); x.who != waiting.end(); x = first(now)) {
      auto who = *x.who;
      auto& part = parts[who.key];
      if (!x.guaranteed)
        virtual_time = part.start;
      if (in_use + who.weight > limit)
        break;
      in_use += who.weight;
      part.held += who.weight;
      result.push_back(granted(who.id));
      if (x.guaranteed) {
        auto i = std::find(rotation.begin(), rotation.end(), who.key);
        std::rotate(i, i + 1, rotation.end());
      } else {
        part.start += std::uint64_t{who.weight} * axiom::detail::max_key_weight
                    / share(who.key).weight;
        part.turn = turns++;
      }
      waiting.erase(x.who);
      tidy();
    }
    return result;
  }

  void arrive(const entry& x) {
    auto& part = parts[x.key];
    if (!waits(x.key)) {
      part.start = std::max(part.start, virtual_time);
      part.turn = turns++;
      if (share(x.key).minimum > 0)
        rotation.push_back(x.key);
    }
    waiting.push_back(x);
  }

  void change_share(const std::string& key, key_share to) {
    shares[key] = to;
    auto i = std::find(rotation.begin(), rotation.end(), key);
    if (to.minimum == 0 && i != rotation.end())
      rotation.erase(i);
    else if (to.minimum > 0 && i == rotation.end() && waits(key))
      rotation.push_back(key);
  }

  /// Those that wait for more than they can ever have.
  verdicts refuse() {
    verdicts result;
    for (auto& x : waiting)
      if (x.weight > capacity(x.key))
        result.push_back(failed(x.id, permit_refusal::exceeds_capacity));
    for (auto& x : result)
      leave(x.id);
    return result;
  }

  void leave(std::size_t id) {
    std::erase_if(waiting, [id](auto& x) { return x.id == id; });
    tidy();
  }

  void tidy() {
    std::erase_if(rotation, [this](auto& key) { return !waits(key); });
    std::erase_if(
      parts, [this](auto& x) { return x.second.held == 0 && !waits(x.first); });
  }
};

} // namespace test
