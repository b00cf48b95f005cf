#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/domain/vocabulary.h"
#include "projections/fact_model.h"
#include "projections/sketch.h"
#include "projections/time_limit.h"

/// Figures over a time, and the list behind each: both read the same facts (facts_view.h).
namespace parlance {

class ViewSet;
class TicketIndex;

enum class Metric : std::uint8_t {
  created,
  replied,
  resolved,
  reopened,
  breached,
  first_response,
  resolution,
  waiting,
  backlog,
  fcr,
  csat,
  nps,
  ces,
};
[[nodiscard]] std::string_view to_text(Metric metric);
[[nodiscard]] std::optional<Metric> parse_metric(std::string_view text);
[[nodiscard]] std::string_view to_text(LeftOut reason);

enum class ReportBy : std::uint8_t { nothing, queue, channel, language, agent, team, type, time };
/// By what rows are told apart: the id of a queue, agent, team or type, the number of a channel or language, or that of a stretch of time.
struct ReportKey {
  RawId id;
  auto operator<=>(const ReportKey&) const = default;
  [[nodiscard]] Channel channel() const { return static_cast<Channel>(id.low); }
  [[nodiscard]] Language language() const { return static_cast<Language>(id.low); }
  [[nodiscard]] std::size_t time() const { return id.low; }
};

inline constexpr std::size_t report_facts_max =
    3'000'000;  ///< looked at in one report; see also query_ms_max
inline constexpr std::size_t report_rows_max = 5'000;

struct ReportQuery {
  WorkspaceId workspace;
  Metric metric = Metric::created;
  Instant from, to;  ///< from <= instant < to
  ReportBy by = ReportBy::nothing;
  std::vector<Instant> starts;  ///< of ReportBy::time: where each stretch begins; the last ends at `to`
  Instant as_of;                ///< what is final by then
  TimeLimit time;
  // Parameters of definitions:
  bool first_episode_only = false;    ///< resolution, waiting
  std::uint32_t fcr_replies_max = 1;  ///< fcr
  std::int64_t fcr_window_ms = 7LL * 86'400'000;
};

struct ReportFigures {
  __extension__ using Wide = unsigned __int128;
  std::uint64_t counted = 0;
  std::uint64_t left_out = 0;
  std::uint64_t restated = 0;  ///< of both: recorded after the quarter of an hour in which they happened
  std::int64_t sum = 0;  ///< of the values: milliseconds, or scores; of fcr those resolved at first contact
  Wide squares = 0;      ///< of the values' squares: exact, so that no order of adding shows
  std::uint64_t provisional = 0;    ///< fcr: counted, and its window is still open
  std::uint64_t high = 0, low = 0;  ///< ratings: csat 4 and 5, nps 9 and 10; nps 0 to 6
  std::uint64_t episodes = 0;       ///< ratings: resolved in the same time
  Sketch sketch;                    ///< of durations
};
struct ReportRow {
  ReportKey key;
  ReportFigures figures;
};
struct Report {
  std::vector<ReportRow> rows;  ///< by key; of times all, also those in which nothing was counted
  ReportFigures total;
  std::map<LeftOut, std::uint64_t> left_out;
};
/// `invalid`: "report.too_many_facts", "report.too_long", "report.too_many_rows", "report.range".
[[nodiscard]] Result<Report> make_report(const ViewSet& views, const TicketIndex& index,
                                         const ReportQuery& query);

/// A fact of the list behind a figure.
struct ReportItem {
  ConversationId conversation;
  Instant at;
  ReportKey key;
  LeftOut left_out = LeftOut::no;
  std::int64_t value = 0;  ///< what it adds to the figure's sum: milliseconds, a score, or 1
  bool provisional = false;
  std::vector<Version> events;  ///< of the conversation, by which it was decided; the earlier one first
};
struct ReportPlace {
  std::uint64_t at = 0;
  ConversationId conversation;
  std::uint64_t number = 0;
  auto operator<=>(const ReportPlace&) const = default;
};
struct ReportItems {
  std::vector<ReportItem> items;  ///< by time
  std::optional<ReportPlace> next;
};
/// The facts behind the report, or behind its row `key`, after a place.
[[nodiscard]] Result<ReportItems> explain_report(const ViewSet& views, const TicketIndex& index,
                                                 const ReportQuery& query,
                                                 const std::optional<ReportKey>& key,
                                                 const std::optional<ReportPlace>& after, std::size_t limit);

/// What a supervisor looks at: what was done since `from`, and what waits now.
struct OverviewRow {
  ReportKey key;
  std::uint64_t created = 0, replied = 0, resolved = 0,
                breached = 0;  ///< since `from`, as the reports of these names count
  /// New or open, and nobody has it; by agent: what each has that is new or open.
  std::uint64_t waiting = 0;
  std::uint64_t late = 0;         ///< of all that is active: promised, not kept, and its time is over
  std::optional<Instant> oldest;  ///< of those waiting: the earliest unanswered message, else the creation
};
struct Overview {
  std::vector<OverviewRow> rows;  ///< by key
  OverviewRow total;
};
[[nodiscard]] Result<Overview> make_overview(const ViewSet& views, const TicketIndex& index,
                                             WorkspaceId workspace, Instant from, Instant now, ReportBy by);

}  // namespace parlance
