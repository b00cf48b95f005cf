#include "tools/parlance/importer.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <deque>
#include <memory>
#include <thread>
#include <unordered_map>
#include <utility>

#include <fmt/core.h>

#include "tools/parlance/import_line.h"
#include "tools/parlance/import_names.h"
#include "tools/parlance/import_reader.h"
#include "tools/parlance/output.h"
#include "tools/parlance/progress.h"

namespace parlance::tools {
namespace {

constexpr std::size_t told_max = 20;
constexpr std::size_t first_places = 5;
/// What stands in the table of names for a line that was not taken, and for a message id that two conversations have.
constexpr std::string_view not_taken = "!";
constexpr std::string_view ambiguous = "?";
constexpr std::size_t senders_kept_max = 4;
constexpr int busy_max = 200;  // times in a row that some of the answers say so
constexpr auto busy_pause = std::chrono::milliseconds(10);
constexpr auto busy_pause_max = std::chrono::milliseconds(500);
constexpr unsigned opens_max = 100;  // what was sent before the import was open asks for it too

struct Place {
  std::size_t file = 0;
  std::uint64_t line = 0;
};

/// A line on its way.
struct Job {
  Place place;
  ImportLine line;
  std::string raw;
  std::size_t bytes = 0;
  std::size_t waits_for = 0;
  std::vector<Job*> waiting;  // for this one
  std::uint64_t ticket = 0;
};

class Importer {
 public:
  Importer(const ImportSettings& settings, ImportTarget& target, ImportSummary& summary)
      : settings_(settings),
        target_(target),
        summary_(summary),
        progress_("importing", "lines", 0, settings.quiet) {}
  ~Importer() {
    if (rejects_ != nullptr) std::fclose(rejects_);
  }
  Importer(const Importer&) = delete;
  Importer& operator=(const Importer&) = delete;

  Done<void> run() {
    const auto start = std::chrono::steady_clock::now();
    auto done = all_files();
    if (done) done = settle();
    if (done && rejects_ != nullptr && std::fclose(std::exchange(rejects_, nullptr)) != 0)
      done = Failure{Exit::failed, fmt::format("{}: it cannot be written", settings_.rejects.string())};
    summary_.whole = done && !stopped();
    // An earlier run may have opened it.
    if (summary_.whole && !settings_.leave_open) done = target_.close();
    summary_.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return done;
  }

 private:
  [[nodiscard]] bool stopped() const { return settings_.stop != nullptr && settings_.stop->load(); }

  // ---- reading ahead ----

  Done<void> all_files() {
    std::error_code ignored;
    for (const auto& file : settings_.files) {
      const auto size = std::filesystem::file_size(file, ignored);
      if (!ignored) bytes_ += size;
    }
    for (std::size_t i = 0; i < settings_.files.size() && !stopped(); ++i)
      if (auto done = file(i); !done) return done;
    return {};
  }

  Done<void> file(std::size_t which) {
    auto reader = LineReader::open(settings_.files[which]);
    if (!reader) return reader.error();
    std::string text;
    while (!stopped()) {
      if (auto room = make_room(); !room) return room;
      auto got = reader->next(text);
      if (!got) return got.error();
      if (*got == LineReader::Got::end) break;
      const Place place{which, reader->number()};
      if (*got == LineReader::Got::line && is_blank(text)) continue;
      ++summary_.lines;
      if (bytes_ > 0)
        progress_.set_total(static_cast<std::uint64_t>(
            static_cast<double>(summary_.lines) * static_cast<double>(bytes_) /
            static_cast<double>(std::max<std::uint64_t>(1, bytes_before_ + reader->bytes_read()))));
      progress_.at(summary_.lines - jobs_.size());
      if (*got == LineReader::Got::too_long) {
        if (auto told =
                reject(place, text + "...",
                       {LineReader::line_bytes_max, "import.line_too_long", "more than 1,000,000 bytes"});
            !told)
          return told;
        continue;
      }
      if (auto taken = take(place, std::move(text), reader->cut()); !taken) return taken;
    }
    bytes_before_ += reader->bytes_read();
    return {};
  }

  Done<void> take(Place place, std::string text, bool cut) {
    auto job = std::make_unique<Job>();
    if (auto fault = read_import_line(text, job->line)) {
      if (cut && fault->code == "json.malformed") fault->detail += "; the file ends in the middle of a line";
      return reject(place, text, *fault);
    }
    if (job->line.on_workspace) {
      // What it changes counts for all that follows, and for nothing before.
      if (auto settled = settle(); !settled) return settled;
    }
    job->place = place;
    job->bytes = text.size();
    job->raw = std::move(text);
    job->ticket = ++tickets_;
    bytes_ahead_ += job->bytes;
    if (auto joined = join_senders(job->line); !joined) return joined;
    Job& added = *job;
    jobs_.emplace(added.ticket, std::move(job));
    for (const std::string& thing : added.line.touches) {
      const auto [at, first] = last_.try_emplace(thing, &added);
      if (first) continue;
      Job& before = *std::exchange(at->second, &added);
      before.waiting.push_back(&added);
      ++added.waits_for;
      if (added.line.at && before.line.at && *added.line.at < *before.line.at) {
        // One line is out of order once, whatever it shares with how many.
        summary_.out_of_order += std::exchange(counted_, added.ticket) != added.ticket ? 1 : 0;
      }
    }
    const bool alone = added.line.on_workspace;
    if (added.waits_for == 0) ready_.push_back(&added);
    if (auto sent = send_ready(); !sent) return sent;
    return alone ? settle() : Done<void>{};
  }

  /// What is about a conversation is about whom it is with, too: that person's next message may join it, or find it closed.
  Done<void> join_senders(ImportLine& line) {
    std::vector<std::string> with;
    std::vector<const std::string*> met_first;
    if (!line.sender.empty()) with.push_back(line.sender);
    for (const std::string& thing : line.touches) {
      if (thing.starts_with('a')) continue;
      auto known = names_.get("s" + thing);
      if (!known) return known.error();
      if (!*known) met_first.push_back(&thing);
      for (std::string_view left = *known ? std::string_view(**known) : std::string_view(); !left.empty();) {
        const std::string_view one = left.substr(0, left.find(' '));
        left.remove_prefix(std::min(one.size() + 1, left.size()));
        if (std::ranges::find(with, one) == with.end()) with.emplace_back(one);
      }
    }
    if (with.empty()) return {};
    if (!line.sender.empty()) {
      std::string all;
      for (std::size_t i = 0; i < std::min(with.size(), senders_kept_max); ++i)
        all += (i == 0 ? "" : " ") + with[i];
      for (const std::string* thing : met_first)
        if (auto kept = names_.put("s" + *thing, all); !kept) return kept;
    }
    for (std::string& sender : with)
      if (std::ranges::find(line.touches, sender) == line.touches.end())
        line.touches.push_back(std::move(sender));
    return {};
  }

  // ---- sending ----

  Done<void> make_room() {
    while (jobs_.size() >= import_lines_ahead_max || bytes_ahead_ >= import_bytes_ahead_max)
      if (auto turned = turn(true); !turned) return turned;
    // Small pieces cost more; what waits goes when there is a good deal of it.
    return outgoing_.size() >= 256 ? turn(false) : Done<void>{};
  }
  Done<void> settle() {
    while (!jobs_.empty())
      if (auto turned = turn(true); !turned) return turned;
    return {};
  }

  /// Sends what may go; takes the answers that are there, or, with `wait`, the next ones.
  Done<void> turn(bool wait) {
    std::vector<ImportCommand> now;
    while (!outgoing_.empty() && out_.size() < target_.at_once_max()) {
      Job& job = *outgoing_.front();
      outgoing_.pop_front();
      out_.emplace(job.ticket, &job);
      now.push_back({job.ticket, job.line.path, job.line.key, job.line.as, std::move(job.line.body)});
    }
    if (!now.empty()) target_.send(std::move(now));
    if (!wait && out_.size() < target_.at_once_max()) return {};
    if (out_.empty()) return {};
    const auto answers = target_.answers();
    bool open_wanted = false;
    bool pause = false;
    for (const ImportAnswer& answer : answers) {
      const auto it = out_.find(answer.ticket);
      if (it == out_.end()) continue;
      Job& job = *it->second;
      out_.erase(it);
      if (answer.status == 0) return Failure{Exit::unreachable, answer.detail};
      if (answer.code == "import.not_open") {
        open_wanted = true;
        if (auto again = send_again(job); !again) return again;
        continue;
      }
      if (answer.status == 503 || answer.status == 429) {
        if (answer.code == "log.read_only" || busy_ > busy_max)
          return Failure{Exit::unreachable, answer.detail + " (" + answer.code + ")"};
        pause = true;
        if (auto again = send_again(job); !again) return again;
        continue;
      }
      busy_ = 0;
      if (auto finished = finish(job, answer); !finished) return finished;
      if (auto sent = send_ready(); !sent) return sent;
    }
    if (pause) std::this_thread::sleep_for(std::min(busy_pause * ++busy_, busy_pause_max));
    if (!open_wanted) return {};
    if (++opens_ > opens_max)
      return Failure{Exit::conflict, "somebody else closes this import again and again"};
    return target_.open();
  }

  /// Its body went with the first sending.
  Done<void> send_again(Job& job) {
    ImportLine line;
    if (read_import_line(job.raw, line))
      return Failure{Exit::failed, "a line reads otherwise the second time"};
    line.touches = std::move(job.line.touches);
    job.line = std::move(line);
    return send(job);
  }
  Done<void> send_ready() {
    while (!ready_.empty()) {
      Job& job = *ready_.front();
      ready_.pop_front();
      if (auto sent = send(job); !sent) return sent;
    }
    return {};
  }

  /// All that it waited for is done: names become ids, and it goes.
  Done<void> send(Job& job) {
    LineFault fault;
    std::optional<Failure> failed;
    struct Context {
      Importer& importer;
      const Job& job;
      LineFault& fault;
      std::optional<Failure>& failed;
    } context{*this, job, fault, failed};
    const bool named = replace_names(
        job.line,
        [](void* given, const std::string& called, std::string_view written) {
          auto& c = *static_cast<Context*>(given);
          return c.importer.id_of(called, written, c.job, c.fault, c.failed);
        },
        &context);
    if (failed) return *failed;
    if (!named) return refuse(job, fault);
    if (!job.line.thread.empty())
      if (auto thread = resolve_thread(job); !thread) return thread;
    if (job.line.names_itself) {
      auto taken = names_.get("n" + job.line.name);
      if (!taken) return taken.error();
      if (*taken && !(*taken)->ends_with(" " + job.line.key))
        return refuse(job, {column_of(job.raw, "/id"), "import.name_taken",
                            "an earlier line is called so, or has this message id"});
    }
    outgoing_.push_back(&job);
    return {};
  }

  std::optional<std::string> id_of(const std::string& called, std::string_view written, const Job& job,
                                   LineFault& fault, std::optional<Failure>& failed) {
    auto found = names_.get(called);
    if (!found) {
      failed = found.error();
      return std::nullopt;
    }
    const std::size_t at = job.raw.find(written);
    fault.column = at == std::string::npos ? 1 : at + 1;
    if (*found && **found == ambiguous) {
      fault.code = "import.name_ambiguous";
      fault.detail = fmt::format("{} is the message id of several conversations; give their lines ids",
                                 printable(written));
      return std::nullopt;
    }
    if (*found && **found == not_taken) {
      fault.code = "import.name_not_taken";
      fault.detail = fmt::format("the line called {} was not taken", printable(written));
      return std::nullopt;
    }
    if (*found) return (*found)->substr(0, (*found)->find(' '));
    if (called.front() == 'n')
      if (const auto it = settings_.names.find(called.substr(1)); it != settings_.names.end())
        return it->second;
    fault.code = "import.name_unknown";
    fault.detail = fmt::format("no earlier line is called {}", printable(written));
    return std::nullopt;
  }

  /// A thread that was met before is the conversation of its messages, so that others than their senders may write there.
  Done<void> resolve_thread(Job& job) {
    for (const char* kind : {"t", "n"}) {
      auto known = names_.get(kind + job.line.thread);
      if (!known) return known.error();
      if (!*known || !(*known)->starts_with("cnv_")) continue;
      job.line.body["thread"] = (*known)->substr(0, (*known)->find(' '));
      break;
    }
    return {};
  }

  // ---- what came of it ----

  Done<void> finish(Job& job, const ImportAnswer& answer) {
    if (answer.status >= 400) {
      LineFault fault{answer.pointer.empty() ? 1 : column_of(job.raw, answer.pointer), answer.code,
                      answer.detail};
      if (fault.code.empty()) fault.code = "http." + std::to_string(answer.status);
      return refuse(job, fault);
    }
    if (answer.replayed) {
      ++summary_.replayed;
    } else if (answer.unchanged) {
      ++summary_.unchanged;
    } else {
      ++summary_.taken;
      summary_.opened += answer.opened || job.line.path == "/v1/conversations" ? 1 : 0;
    }
    if (job.line.at) {
      if (!summary_.first || *job.line.at < *summary_.first) summary_.first = job.line.at;
      if (!summary_.last || *job.line.at > *summary_.last) summary_.last = job.line.at;
    }
    if (!job.line.name.empty() && !answer.id.empty())
      if (auto named = name(job, answer.id); !named) return named;
    if (!job.line.thread.empty() && answer.id.starts_with("cnv_"))
      if (auto named = names_.put("t" + job.line.thread, answer.id); !named) return named;
    return release(job);
  }

  Done<void> name(const Job& job, const std::string& id) {
    const std::string called = "n" + job.line.name;
    if (job.line.names_itself) return names_.put(called, id + " " + job.line.key);
    auto before = names_.get(called);
    if (!before) return before.error();
    if (*before && **before != not_taken && (*before)->substr(0, (*before)->find(' ')) != id)
      // A line called so by its own id keeps its name.
      return (*before)->find(' ') != std::string::npos ? Done<void>{}
                                                       : names_.put(called, std::string(ambiguous));
    return names_.put(called, id);
  }

  Done<void> refuse(Job& job, const LineFault& fault) {
    if (!job.line.name.empty()) {
      const std::string called = "n" + job.line.name;
      auto before = names_.get(called);
      if (!before) return before.error();
      if (!*before)
        if (auto named = names_.put(called, std::string(not_taken)); !named) return named;
    }
    if (auto told = reject(job.place, job.raw, fault); !told) return told;
    return release(job);
  }

  /// The job is done: those that waited for it may go.
  Done<void> release(Job& job) {
    for (const std::string& thing : job.line.touches)
      if (const auto it = last_.find(thing); it != last_.end() && it->second == &job) last_.erase(it);
    const auto waiting = std::move(job.waiting);
    bytes_ahead_ -= job.bytes;
    jobs_.erase(job.ticket);
    for (Job* next : waiting)
      if (--next->waits_for == 0) ready_.push_back(next);
    return {};
  }

  Done<void> reject(Place place, std::string_view raw, const LineFault& fault) {
    ++summary_.rejected;
    const std::string where =
        fmt::format("{}:{}:{}", settings_.files[place.file].string(), place.line, fault.column);
    ImportRejects& same = summary_.rejects[fault.code];
    ++same.lines;
    if (same.first.size() < first_places) same.first.push_back(where);
    const std::string why = fmt::format("{} ({})", printable(fault.detail), printable(fault.code));
    if (summary_.rejected <= told_max) fmt::print(stderr, "{}: {}\n", where, why);
    if (summary_.rejected == told_max + 1)
      fmt::print(stderr, "more lines are not taken; --rejects FILE keeps them all, with the reasons\n");
    if (!settings_.rejects.empty()) {
      if (rejects_ == nullptr) rejects_ = std::fopen(settings_.rejects.c_str(), "wb");
      if (rejects_ == nullptr)
        return Failure{Exit::failed, fmt::format("{}: it cannot be written", settings_.rejects.string())};
      fmt::print(rejects_, "# {}: {}\n", where, why);
      std::fwrite(raw.data(), 1, raw.size(), rejects_);
      std::fputc('\n', rejects_);
    }
    if (settings_.strict)
      return Failure{Exit::failed, fmt::format("{}: stopped there, as --strict says", where)};
    return {};
  }

  const ImportSettings& settings_;
  ImportTarget& target_;
  ImportSummary& summary_;
  Progress progress_;
  ImportNames names_;
  std::FILE* rejects_ = nullptr;
  std::unordered_map<std::uint64_t, std::unique_ptr<Job>> jobs_;  // by ticket
  std::unordered_map<std::string, Job*> last_;                    // about each thing
  std::deque<Job*> ready_;                                        // to be sent, once their names are ids
  std::deque<Job*> outgoing_;                                     // to be handed over
  std::unordered_map<std::uint64_t, Job*> out_;
  std::uint64_t tickets_ = 0, counted_ = 0;
  std::uint64_t bytes_ = 0, bytes_before_ = 0;
  std::size_t bytes_ahead_ = 0;
  int busy_ = 0;
  unsigned opens_ = 0;
};

}  // namespace

Done<void> run_import(const ImportSettings& settings, ImportTarget& target, ImportSummary& summary) {
  return Importer(settings, target, summary).run();
}

}  // namespace parlance::tools
