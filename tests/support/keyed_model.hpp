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
    bool by_minimum;
    bool before_others;
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
  std::uint64_t passed = 0; // by those within their minima
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

  bool waits(const std::string& key) const {
    return std::any_of(waiting.begin(), waiting.end(),
                       [&](auto& x) { return x.key == key; });
  }

  auto head(const std::string& key, time_point when) const {
    return first_of(waiting, when, ageing,
                    [&](auto& x) { return x.key == key; });
  }

  bool within_minimum(const std::string& key, time_point when) const {
    return parts.at(key).held + head(key, when)->weight <= share(key).minimum;
  }

  choice first(time_point when) const {
    auto guaranteed = waiting.end();
    for (auto& key : rotation)
      if (guaranteed == waiting.end() && within_minimum(key, when))
        guaranteed = head(key, when);
    auto competing = waiting.end();
    for (auto& [key, x] : parts)
      if (waits(key) && !within_minimum(key, when)
          && (competing == waiting.end() || goes_before(key, competing->key)))
        competing = head(key, when);
    if (competing == waiting.end())
      return {guaranteed, true, false};
    if (guaranteed == waiting.end() || passed >= 8 * competing->weight)
      return {competing, false, false};
    return {guaranteed, true, true};
  }

  bool goes_before(const std::string& a, const std::string& b) const {
    return std::tie(parts.at(a).start, parts.at(a).turn)
         < std::tie(parts.at(b).start, parts.at(b).turn);
  }

  /// Those that wait, by their start tags.
  std::vector<std::string> keys_in_order() const {
    std::vector<std::string> result;
    for (auto& [key, x] : parts)
      if (waits(key))
        result.push_back(key);
    std::sort(result.begin(), result.end(),
              [this](auto& a, auto& b) { return goes_before(a, b); });
    return result;
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
      if (!x.by_minimum) {
        virtual_time = part.start;
        for (auto& key : keys_in_order())
          if (auto& other = parts[key]; other.start < virtual_time) {
            other.start = virtual_time;
            other.turn = turns++;
          }
      }
      if (in_use + who.weight > limit)
        break;
      in_use += who.weight;
      part.held += who.weight;
      result.push_back(granted(who.id));
      if (x.by_minimum) {
        passed = x.before_others ? passed + who.weight : 0;
        auto i = std::find(rotation.begin(), rotation.end(), who.key);
        std::rotate(i, i + 1, rotation.end());
      } else {
        passed = 0;
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

  /// Those that wait for more than they can have.
  verdicts refuse() {
    verdicts result;
    for (auto& x : waiting)
      if (x.weight > limit)
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
