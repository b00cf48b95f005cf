#pragma once
#include <algorithm>

#include "projections/projection.h"

namespace parlance {

/// What was done, counted by queue, channel, language and agent, in buckets of 15 minutes UTC of when it happened: the facts of
/// facts_view.h that nothing leaves out, summed as they come, so that a figure over years reads few rows and cannot differ from
/// the report that reads the facts themselves. Definition 2:
///
/// - created, replied, resolved, reopened: the facts of these names.
/// - first responses: where the reply falls, credited to who wrote it; the time runs from the episode's first customer message.
/// - restated: what was recorded after its bucket was over, or left out after; whoever read the bucket in between saw another number.
struct DailyCounts {
  static constexpr std::int64_t bucket_ms = 15 * 60 * 1000;
  enum class By : std::uint8_t { queue = 1, channel = 2, language = 3, agent = 4 };

  /// Key: tag 3, By (8 bits), bucket (64 bits, of 15 minutes since 1970), key (128 bits: id, or the enumeration's value).
  struct Figures {
    std::uint32_t view_version = 0;
    std::uint32_t created = 0;
    std::uint32_t replied = 0;
    std::uint32_t resolved = 0;
    std::uint32_t reopened = 0;
    std::uint32_t first_responses = 0;
    std::uint32_t restated = 0;
    std::uint32_t zero = 0;
    std::uint64_t response_ms = 0;              ///< sum
    std::uint64_t response_ms_squared_low = 0;  ///< sum of squares, 128 bits
    std::uint64_t response_ms_squared_high = 0;
  };
  static constexpr std::uint8_t figures_tag = 3;

  [[nodiscard]] static std::uint64_t bucket_of(RowInstant at) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(at.ms, 0) / bucket_ms);
  }
  /// What is recorded then comes after the bucket of `at` was over.
  [[nodiscard]] static bool restates(RowInstant at, Instant recorded_at) {
    return recorded_at.ms >= static_cast<std::int64_t>(bucket_of(at) + 1) * bucket_ms;
  }
  /// The four rows that count what happened then.
  template <class Change>
  static void change(Rows& rows, RowInstant at, QueueId queue, Channel channel, Language language,
                     AgentId agent, const Change& change) {
    const std::uint64_t bucket = bucket_of(at);
    const auto in = [&](By by, RawId key) {
      change(rows.at<Figures>(rows.key(figures_tag).be(static_cast<std::uint8_t>(by)).be(bucket).id(key)));
    };
    in(By::queue, queue);
    in(By::channel, RawId{0, static_cast<std::uint64_t>(channel)});
    in(By::language, RawId{0, static_cast<std::uint64_t>(language)});
    if (agent) in(By::agent, agent);
  }
  /// One more first response, or one less.
  static void count_response(Figures& f, std::uint64_t ms, bool in) {
    __extension__ using Wide = unsigned __int128;
    const Wide before = static_cast<Wide>(f.response_ms_squared_high) << 64 | f.response_ms_squared_low;
    const Wide square = static_cast<Wide>(ms) * ms;
    const Wide after = in ? before + square : before - square;
    f.first_responses += in ? 1 : static_cast<std::uint32_t>(-1);
    f.response_ms = in ? f.response_ms + ms : f.response_ms - ms;
    f.response_ms_squared_low = static_cast<std::uint64_t>(after);
    f.response_ms_squared_high = static_cast<std::uint64_t>(after >> 64);
  }
};
static_assert(FixedRow<DailyCounts::Figures>);

}  // namespace parlance
