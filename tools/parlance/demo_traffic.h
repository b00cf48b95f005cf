#pragma once
#include <memory>

#include "tools/parlance/demo_desk.h"

namespace parlance::tools::demo {

/// Customers and simulated colleagues at a human pace: something happens each 5 to 20 s. What is assigned to the first of
/// colleagues(), or to anybody who was added later, is left alone. It keeps some sixty conversations going. A thread of its own,
/// until destroyed.
class Traffic {
 public:
  /// `node` outlives it.
  Traffic(Node& node, Shop shop, std::uint64_t seed);
  ~Traffic();
  Traffic(const Traffic&) = delete;
  Traffic& operator=(const Traffic&) = delete;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace parlance::tools::demo
