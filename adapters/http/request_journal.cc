#include "adapters/http/request_journal.h"

#include <algorithm>
#include <array>

#include "adapters/http/exchange.h"

namespace parlance::http {
namespace {

/// What stands before the ids that a path names. Of a token or a reference there is none.
constexpr std::array named{"wsp", "cnv", "msg", "sub", "agt", "que", "tag", "env", "skl",
                           "tem", "typ", "fld", "cho", "sst", "can", "att", "viw", "imp"};

bool is_id(const std::string& text) {
  return text.size() > 3 && std::ranges::any_of(named, [&](std::string_view prefix) {
           return text.starts_with(prefix) && parse_raw_id(prefix, text).has_value();
         });
}

}  // namespace

std::vector<std::string> ids_among(const std::vector<std::string>& parts) {
  std::vector<std::string> out;
  std::ranges::copy_if(parts, std::back_inserter(out), is_id);
  return out;
}

bool RequestJournal::may_say(std::uint64_t& left_out) {
  const std::lock_guard lock(mutex_);
  const auto now = std::chrono::steady_clock::now();
  const double seconds = std::chrono::duration<double>(now - filled_).count();
  filled_ = now;
  lines_ = std::min(request_lines_burst, lines_ + seconds * request_lines_per_second);
  if (lines_ < 1) {
    ++left_out_;
    return false;
  }
  --lines_;
  left_out = std::exchange(left_out_, 0);
  return true;
}

void RequestJournal::answered(const Observed& observed, const HttpResponse& response,
                              std::chrono::steady_clock::duration took) {
  if (journal_ == nullptr) return;
  const bool failed = response.status >= 500;
  const bool slow = took >= slow_request;
  const JournalLevel level = response.status == 500 ? JournalLevel::error
                             : failed || slow       ? JournalLevel::warn
                                                    : JournalLevel::debug;
  std::uint64_t left_out = 0;
  if (!journal_->takes(level) || ((failed || slow) && !may_say(left_out))) return;
  std::vector<JournalField> fields{
      {"method", Literal::of_ours(observed.route == nullptr ? "any" : observed.route->method)},
      {"route", Literal::of_ours(observed.route == nullptr ? "other" : observed.route->pattern)}};
  if (!observed.ids.empty()) fields.push_back({"id", Literal::of_ours(observed.ids.front())});
  if (observed.ids.size() > 1) fields.push_back({"second_id", Literal::of_ours(observed.ids[1])});
  if (observed.agent) fields.push_back({"agent", observed.agent});
  fields.push_back({"status", response.status});
  if (!response.code.empty()) fields.push_back({"code", Literal::of_ours(response.code)});
  if (!response.trace.empty()) fields.push_back({"trace_id", Literal::of_ours(response.trace)});
  fields.push_back({"us", std::chrono::duration_cast<std::chrono::microseconds>(took).count()});
  if (left_out != 0) fields.push_back({"left_out", left_out});
  journal_->say(level, "http.answered",
                failed ? Literal("a request failed here")
                : slow ? Literal("a request was answered slowly")
                       : Literal("a request was answered"),
                std::move(fields));
}

}  // namespace parlance::http
