#include "adapters/http/positions.h"

#include <algorithm>

namespace parlance::http {
namespace {
constexpr std::size_t positions_max = 64;
}  // namespace

Result<std::vector<Position>> read_positions(const EventLog& log, std::string_view text) {
  std::vector<Position> out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    std::string_view one = text.substr(at, end - at);
    while (!one.empty() && one.front() == ' ') one.remove_prefix(1);
    while (!one.empty() && one.back() == ' ') one.remove_suffix(1);
    const auto position = parse_position(one);
    if (!position) return position.error();
    if (position->generation != log.generation() || position->partition >= log.partitions())
      return invalid("position.unknown", "this log has no such position");
    if (const Offset log_end = log.end(position->partition); position->offset >= log_end)
      return Error{Errc::loss, "position.beyond_end",
                   "partition " + std::to_string(position->partition) + " ends before offset " +
                       std::to_string(log_end) + " and does not reach " + to_text(*position) +
                       ": a log is never shorter than what it acknowledged, so this one was replaced by an "
                       "older copy, or that position was never given out. Ask without it, and look whether "
                       "what was done last is there"};
    if (out.size() == positions_max)
      return invalid("position.too_many", "at most " + std::to_string(positions_max) + " positions");
    out.push_back(*position);
    at = end + 1;
  }
  return out;
}

}  // namespace parlance::http
