#include "tools/parlance/limits.h"

#include "adapters/embedded/embedded_log.h"
#include "adapters/http/conditions.h"
#include "adapters/http/json.h"
#include "adapters/http/live_core.h"
#include "adapters/http/rate_limits.h"
#include "adapters/http/request_journal.h"
#include "adapters/http/server.h"
#include "engine/domain/conversation.h"
#include "engine/domain/desk.h"
#include "engine/runtime/files.h"
#include "engine/runtime/owner.h"
#include "projections/filter.h"
#include "projections/report.h"
#include "projections/runner_options.h"
#include "projections/time_limit.h"
#include "projections/views.h"
#include "tools/parlance/journal_writer.h"
#include "tools/parlance/server.h"

namespace parlance::tools {

std::vector<Limit> limits_of(const ServeOptions& options) {
  const http::ServerLimits& server = options.http;
  const http::StreamLimits& stream = server.stream;
  const http::RateLimitOptions& rates = options.rates;
  const http::LiveLimits live;
  const FilesLimits files;
  const RunnerOptions runner;
  const auto n = [](auto value) { return static_cast<double>(value); };
  return {
      // requests
      {"http.header_bytes", "bytes", n(server.header_bytes), "", "of a request; more: 431"},
      {"http.header_lines", "lines", n(server.header_lines), "", "of a request; more: 431"},
      {"http.body_bytes", "bytes", n(server.body_bytes), "", "of a JSON body; more: 413"},
      {"http.header_ms", "ms", n(server.header_ms), "header_seconds", "for a header to come; later: hung up"},
      {"http.body_bytes_per_second", "bytes/s", n(server.body_bytes_per_second), "body_bytes_per_second",
       "a slower body is cut, after the header's time as grace"},
      {"http.idle_ms", "ms", n(server.idle_ms), "idle_seconds", "between two requests; then hung up"},
      {"http.write_ms", "ms", n(server.write_ms), "write_seconds",
       "for a client to take an answer; then cut"},
      {"http.answer_ms", "ms", n(server.answer_ms), "", "for a route to answer; then 503"},
      {"http.upload_ms", "ms", n(server.upload_ms), "", "for an attached file; then 408"},
      {"http.piece_ms", "ms", n(server.piece_ms), "", "without a byte of a file that comes; then 408"},
      {"http.connections", "connections", n(server.connections), "connections",
       "in all; more are hung up on"},
      {"http.connections_per_address", "connections", n(server.connections_per_address),
       "connections_per_address", "of one address that is not this machine's; more are hung up on"},
      {"json.depth", "levels", n(http::json_depth_max), "", "of a body; deeper: 400"},
      {"json.members", "members", n(http::json_members_max), "", "of one object or array; more: 400"},
      {"json.values", "values", n(http::json_values_max), "", "in all; more: 400"},
      // how often
      {"rate.session_per_second", "requests/s", rates.session_per_second, "session_rate",
       "of an agent's page; more: 429"},
      {"rate.session_burst", "requests", rates.session_burst, "", "before that rate holds"},
      {"rate.sign_ins_per_minute", "requests/min", rates.sign_ins_per_minute, "sign_ins_per_minute",
       "of one address that is not this machine's; more: 429"},
      {"rate.lookups_per_minute", "requests/min", rates.lookups_per_minute, "lookups_per_minute",
       "of people by their address, of one agent; more: 429"},
      {"rate.keys", "callers", n(http::rate_keys_max), "", "remembered at once; idle ones are forgotten"},
      // streams
      {"live.waiting_bytes", "bytes", n(http::stream_waiting_bytes_max), "",
       "for a reader who does not read; then it is cut, with a place to go on from"},
      {"live.message_bytes", "bytes", n(stream.message_bytes), "", "of a client's message; more: closed"},
      {"live.messages_per_second", "messages/s", stream.messages_per_second, "", "of a client; more: closed"},
      {"live.silence_ms", "ms", n(stream.silence_ms), "", "of a WebSocket's peer; then given up"},
      {"live.clients", "connections", n(live.clients_max), "", "followers included; more: 503"},
      {"live.subscriptions", "subscriptions", n(live.subscriptions_max), "", "of a client; more are refused"},
      // queues
      {"owner.commands", "commands", n(owner_commands_max), "",
       "in flight or waiting in one partition; more: 503 overloaded"},
      {"log.waiting_records", "appends", n(embedded_waiting_appends_max), "",
       "for the writer; owners bound it well below"},
      {"log.waiting_bytes", "bytes", n(embedded_waiting_bytes_max), "", "the same"},
      {"files.uploads", "uploads", n(files.uploads_max), "", "at once; more: 503"},
      {"journal.lines", "lines", n(journal_lines_max), "",
       "for a reader of stderr; more are counted and left out"},
      {"journal.requests_per_second", "lines/s", http::request_lines_per_second, "",
       "of requests that failed or were slow; the next line says how many were left out"},
      // space and time
      {"log.reserve_bytes", "bytes", n(options.space_reserve_mib << 20), "space_reserve_mib",
       "free; with less no command is taken"},
      {"timers.clocks_apart_ms", "ms", n(clock_disagreement_ms_max), "",
       "of wall clock and boot clock; beyond it timers are held"},
      {"views.lag", "records", n(options.view_lag), "view_lag", "behind the log; beyond it /readyz is 503"},
      {"views.dirty_bytes", "bytes", n(runner.dirty_bytes_max), "", "changed in memory; then written down"},
      {"views.dirty_ms", "ms", n(runner.dirty_ms_max), "", "the same by age"},
      {"views.cache_bytes", "bytes", n(runner.cache_bytes_max), "", "of rows kept in memory"},
      {"views.replay_records", "records", n(runner.replay_records_max), "", "read again by a restart"},
      // what is asked and kept
      {"list.items", "items", n(list_limit_max), "", "of a page; more are cut off"},
      {"list.rows", "tickets", n(list_rows_max), "", "looked at for one page; then the page goes on"},
      {"query.ms", "ms", n(query_ms_max), "", "of one question; then a list's page goes on, a report is 422"},
      {"filter.bytes", "bytes", n(filter_bytes_max), "", "of a filter; more: 422"},
      {"report.facts", "facts", n(report_facts_max), "", "looked at for one report; more: 422"},
      {"files.bytes", "bytes", n(files.bytes_max), "", "of an attached file; more: 413"},
      {"message.text_bytes", "bytes", n(conversation::text_bytes_max), "", "more: 422"},
      {"desk.agents", "agents", n(desk::agents_max), "", "of a workspace; more are refused"},
  };
}

}  // namespace parlance::tools
