#include "projections/sorted_blocks.h"

#include <random>
#include <set>

#include <doctest/doctest.h>

using parlance::SortedBlocks;

TEST_CASE("sorted blocks hold what a set holds, in its order") {
  std::minstd_rand random(5);
  for (const unsigned range : {50U, 3'000U, 1'000'000U}) {
    SortedBlocks<unsigned> blocks;
    std::set<unsigned> set;
    for (int i = 0; i < 6'000; ++i) {
      // Mostly rising, as instants are, with a third anywhere.
      const unsigned value =
          random() % 3 == 0 ? static_cast<unsigned>(random()) % range : static_cast<unsigned>(i);
      if (random() % 3 != 0) {
        REQUIRE(blocks.insert(value) == set.insert(value).second);
      } else {
        REQUIRE(blocks.erase(value) == (set.erase(value) == 1));
      }
    }
    REQUIRE(blocks.size() == set.size());
    for (int i = 0; i < 50; ++i) {
      const auto from = static_cast<unsigned>(random()) % range;
      std::vector<unsigned> up, down;
      blocks.ascend(from, [&](unsigned v) {
        up.push_back(v);
        return true;
      });
      blocks.descend(from, [&](unsigned v) {
        down.push_back(v);
        return true;
      });
      REQUIRE(up == std::vector<unsigned>(set.lower_bound(from), set.end()));
      REQUIRE(down == std::vector<unsigned>(std::make_reverse_iterator(set.lower_bound(from)), set.rend()));
      const auto to = static_cast<unsigned>(random()) % range;
      const auto expected = from < to ? std::distance(set.lower_bound(from), set.lower_bound(to)) : 0;
      REQUIRE(blocks.count(from, to) == static_cast<std::size_t>(expected));
    }
    while (!set.empty()) {
      REQUIRE(blocks.erase(*set.begin()));
      set.erase(set.begin());
    }
    REQUIRE(blocks.size() == 0);
    REQUIRE(blocks.insert(3));
  }
}
