#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/ports/event_log.h"
#include "engine/ports/row_store.h"
#include "projections/filter.h"
#include "projections/report.h"
#include "projections/runner_options.h"
#include "projections/ticket_model.h"
#include "projections/time_limit.h"
#include "projections/view_status.h"

/// The read side, whole: applies the log to every view and answers the queries.
namespace parlance {

enum class Sort : std::uint8_t {
  working_order,  ///< what to do next first; see working_key in projections/working_order.h
  newest,         ///< by creation, the youngest first
  oldest,         ///< by creation
  updated,        ///< by the last change, the latest first
};

/// Where a list goes on: the sort key and id of the last ticket shown. A ticket that moved meanwhile may be met twice, one that
/// did not is never missed.
struct ListCursor {
  std::int64_t key = 0;
  ConversationId id;
  bool operator==(const ListCursor&) const = default;
};

inline constexpr std::size_t list_limit_max = 200;
inline constexpr std::size_t list_ids_max = 10'000;

struct ListQuery {
  WorkspaceId workspace;
  std::vector<conversation::Phase> states;  ///< empty: the active ones in working order, all otherwise
                                            ///< (asking for others in working order gives Sort::updated)
  std::optional<QueueId> queue;
  std::optional<AgentId> assignee;  ///< the zero id: nobody
  std::optional<Channel> channel;
  std::optional<std::vector<ConversationId>> ids;  ///< only these
  /// Only what passes, besides all of the above. Where `states` is empty and it names states, these are asked for; where it names
  /// conversations (by number, order, sender or customer), all are.
  std::shared_ptr<const Filter> filter;
  Instant now;  ///< for what the filter says of time
  TimeLimit time;
  Sort sort = Sort::working_order;
  std::size_t limit = 50;  ///< cut to list_limit_max
  std::optional<ListCursor> after;
};
/// A page may hold fewer tickets than asked for, and even none, though there is more: see list_rows_max and query_ms_max.
struct TicketList {
  std::vector<Ticket> tickets;
  std::optional<ListCursor> next;  ///< none: that was all
};
/// What a filter asks that no index tells is asked of tickets one by one: so many in one call.
inline constexpr std::size_t list_rows_max = 200'000;

struct TicketCount {
  std::uint64_t count = 0;
  /// False: list_rows_max or query_ms_max did not suffice, and this is what was counted by then.
  bool complete = true;
};

struct QueueStats {
  QueueId id;
  std::uint64_t waiting = 0;  ///< new or open, nobody assigned
  std::uint64_t open = 0;     ///< new or open, whoever holds them
  std::uint64_t snoozed = 0;
  std::uint64_t late = 0;  ///< active, and the first-response deadline passed without an answer
  /// Of those waiting: the earliest unanswered message, else creation.
  std::optional<Instant> oldest_waiting_at;
  std::vector<std::pair<Channel, std::uint64_t>> by_channel;    ///< of those waiting; no zeros, ascending
  std::vector<std::pair<Language, std::uint64_t>> by_language;  ///< of those waiting; no zeros, ascending
};

struct Workload {
  AgentId agent;
  std::uint64_t open = 0;     ///< new or open
  std::uint64_t waiting = 0;  ///< for the customer or a third party
  std::uint64_t snoozed = 0;
  /// Of these three together; no zeros, ascending.
  std::vector<std::pair<Channel, std::uint64_t>> by_channel;
  std::vector<std::pair<Channel, std::uint64_t>> open_by_channel;  ///< of `open`; likewise
};

enum class DailyBy : std::uint8_t { queue = 1, channel = 2, language = 3, agent = 4 };
/// The key is the one of these four that was asked by.
struct DailyKey {
  QueueId queue;
  Channel channel = Channel::none;
  Language language = Language::und;
  AgentId agent;
  bool operator==(const DailyKey&) const = default;
};
struct DailyFigures {
  Instant bucket;  ///< its start
  DailyKey key;
  std::uint64_t created = 0;  ///< conversations opened
  std::uint64_t replied = 0;  ///< public replies by people
  std::uint64_t resolved = 0;
  std::uint64_t reopened = 0;
  std::uint64_t first_responses = 0;
  std::uint64_t first_response_ms = 0;  ///< their sum
  double first_response_ms_variance = 0;
  std::uint64_t restated = 0;  ///< facts that were recorded after their bucket was over
};
inline constexpr std::int64_t bucket_ms = 15 * 60 * 1000;
inline constexpr std::size_t daily_figures_max = 200'000;

/// A message that has a file attached, and the capsule that names the file and holds its key.
struct AttachmentUse {
  ConversationId conversation;
  MessageId message;
  Sealed attachments;
};
inline constexpr std::size_t attachment_uses_max = 100;

/// Threads: apply_available() and flush() by one thread at a time; everything else by any. Queries copy what they answer under
/// the partition's lock, which is held for microseconds. Nothing here reads a clock.
class Views {
 public:
  using Options = RunnerOptions;
  /// Opens the views' rows, finds where each stopped, and rebuilds the in-memory indexes from the rows. A view without rows, or of
  /// another version, starts from the log's beginning. `log` and `rows` outlive the views.
  [[nodiscard]] static Result<std::unique_ptr<Views>> open(const EventLog& log, RowStore& rows,
                                                           Options options = {});
  ~Views();

  // ---- applying ----
  /// Applies at most `records_max` records, and stores rows when that is due. Returns how many were read: 0 = everything durable is
  /// applied, or its partition is stopped (see status()). An error is one of storing rows; they stay in memory and it is tried again.
  [[nodiscard]] Result<std::size_t> apply_available(Instant now, std::size_t records_max = 10'000);
  /// Stores all changed rows and makes them durable: at shutdown.
  [[nodiscard]] Result<void> flush();
  /// The stored rows cannot be trusted: throws them away and goes on from the log's beginning. Until everything is applied that the log
  /// holds now, every query is `unavailable` "views.rebuilding". By the thread that applies. Where it fails, that stays so until it is
  /// called again with success.
  [[nodiscard]] Result<void> begin_again();
  /// Whether queries are refused for that.
  [[nodiscard]] bool rebuilding() const;

  // ---- positions ----
  /// Per partition, the last record that every view has applied; partitions without records are left out.
  [[nodiscard]] std::vector<Position> applied() const;
  [[nodiscard]] bool has_applied(const Position& position) const;
  using WaitId = std::uint64_t;
  /// Calls `done` once, when `position` is applied: at once, on this thread, if it is, else on the applying thread outside all locks.
  /// Never calls it if the partition does not exist, or after forget().
  WaitId when_applied(const Position& position, std::function<void()> done);
  /// The wait is over. When this returns `done` is not running and will not run, unless called from inside it.
  void forget(WaitId id);

  // ---- queries: none and empty for what the workspace does not have ----
  [[nodiscard]] Result<std::optional<Ticket>> ticket(WorkspaceId workspace, ConversationId id) const;
  [[nodiscard]] Result<std::optional<Ticket>> ticket_by_number(WorkspaceId workspace,
                                                               std::uint64_t number) const;
  /// In the order they joined.
  [[nodiscard]] Result<std::vector<TicketParticipant>> participants(WorkspaceId workspace,
                                                                    ConversationId id) const;
  [[nodiscard]] Result<TicketList> list(const ListQuery& query) const;
  /// How many tickets all pages of the list hold; its sort, limit and cursor mean nothing here.
  [[nodiscard]] Result<TicketCount> count(const ListQuery& query) const;
  /// Every queue that ever held a conversation, by id. `now` decides what is late.
  [[nodiscard]] Result<std::vector<QueueStats>> queues(WorkspaceId workspace, Instant now) const;
  [[nodiscard]] Result<QueueStats> queue(WorkspaceId workspace, QueueId id, Instant now) const;
  [[nodiscard]] Result<Workload> workload(WorkspaceId workspace, AgentId agent) const;
  /// Of every agent who ever held a conversation, by id.
  [[nodiscard]] Result<std::vector<Workload>> workloads(WorkspaceId workspace) const;
  /// Buckets of `width_ms` (a multiple of bucket_ms, counted from 1970) that start in [from, to), by bucket and key; `from` is rounded
  /// down to a bucket. `invalid` where that would be more than daily_figures_max.
  [[nodiscard]] Result<std::vector<DailyFigures>> daily(WorkspaceId workspace, Instant from, Instant to,
                                                        DailyBy by, std::int64_t width_ms = bucket_ms) const;

  /// See projections/report.h.
  [[nodiscard]] Result<Report> report(const ReportQuery& query) const;
  [[nodiscard]] Result<ReportItems> explain(const ReportQuery& query, const std::optional<ReportKey>& key,
                                            const std::optional<ReportPlace>& after, std::size_t limit) const;
  [[nodiscard]] Result<Overview> overview(WorkspaceId workspace, Instant from, Instant now,
                                          ReportBy by) const;

  // ---- attached files ----
  /// Where a file is attached, at most attachment_uses_max places; none: nowhere that the views have applied.
  [[nodiscard]] Result<std::vector<AttachmentUse>> attachment_uses(WorkspaceId workspace,
                                                                   AttachmentId id) const;

  // ---- operating ----
  [[nodiscard]] std::vector<std::string> names() const;
  [[nodiscard]] std::vector<ViewStatus> status() const;
  [[nodiscard]] Result<std::vector<Quarantined>> quarantined(std::string_view view) const;
  /// Builds the view again from the log, beside the live one, and compares at the same offset. Takes as long as reading the log does;
  /// the live views go on meanwhile, but for the end, where applying waits while the stored rows are summed anew (about a
  /// second for a million). `not_found` for an unknown view, `overloaded` while another one is under way.
  [[nodiscard]] Result<std::vector<HashComparison>> verify(std::string_view view);
  /// The same, then the new rows serve and the old ones are dropped.
  [[nodiscard]] Result<std::vector<HashComparison>> rebuild(std::string_view view);

 private:
  struct Impl;
  explicit Views(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace parlance
