#pragma once
#include <map>
#include <string>
#include <vector>

#include <boost/pfr.hpp>
#include <doctest/doctest.h>

namespace parlance::tests {

/// Of each type, by a name: which of its members some sample gave.
using GivenMembers = std::map<std::string, std::vector<bool>>;

/// Notes which members of a value differ from those of a fresh one.
template <class T> void note_members(const T& value, std::vector<bool>& given) {
  const T fresh{};
  given.resize(boost::pfr::tuple_size_v<T>);
  boost::pfr::for_each_field(value, [&](const auto& member, auto index) {
    if (!(member == boost::pfr::get<index.value>(fresh))) given[index.value] = true;
  });
}

inline void check_all_given(const GivenMembers& given) {
  for (const auto& [name, members] : given) {
    CAPTURE(name);
    for (std::size_t i = 0; i < members.size(); ++i) {
      CAPTURE(i);
      CHECK(members[i]);
    }
  }
}

}  // namespace parlance::tests
