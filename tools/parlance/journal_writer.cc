#include "tools/parlance/journal_writer.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <climits>
#include <cxxabi.h>
#include <exception>
#include <new>
#include <poll.h>
#include <typeinfo>
#include <unistd.h>

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/core.h>

#include "adapters/http/message.h"
#include "engine/base/assert.h"

namespace parlance::tools {
namespace json = boost::json;
namespace {

constexpr auto last_words = std::chrono::seconds(1);
constexpr int poll_ms = 200;

/// What a library said may be cut anywhere and hold anything; a line is one line, and a terminal obeys nothing in it.
std::string tidy(std::string text) {
  if (text.size() > journal_field_bytes_max) {
    text.resize(journal_field_bytes_max);
    text += "...";
  }
  const bool whole = http::is_utf8_text(text);
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
    if (!whole && static_cast<unsigned char>(c) >= 0x80) c = '?';
  }
  return text;
}

json::value json_of(const JournalValue& value) {
  return std::visit(
      [](const auto& held) -> json::value {
        if constexpr (std::is_same_v<std::decay_t<decltype(held)>, std::string>)
          return json::value(tidy(held));
        else
          return json::value(held);
      },
      value.held());
}
std::string text_of(const JournalValue& value) {
  return std::visit(
      [](const auto& held) -> std::string {
        if constexpr (std::is_same_v<std::decay_t<decltype(held)>, std::string>) {
          const bool plain = !held.empty() && held.find_first_of(" \t\n\"=") == std::string::npos;
          return plain ? tidy(held) : json::serialize(json::value(tidy(held)));
        } else {
          return fmt::format("{}", held);
        }
      },
      value.held());
}

std::atomic<JournalWriter*> last_words_in{nullptr};
std::atomic<std::terminate_handler> terminate_before{nullptr};

void say_broken(const BrokenInvariant& broken) {
  last_words_in.load()->say_last(
      "process.broken",
      "stopping: something that must hold in the program does not, and it does not go on wrongly",
      {{"invariant", Literal::of_ours(broken.text)},
       {"condition", Literal::of_ours(broken.condition)},
       {"file", Literal::of_ours(broken.file)},
       {"line", broken.line},
       {"advice",
        Literal("Nothing that was acknowledged is in doubt: it was synced before. Start again, and report "
                "this line as a fault of Parlance.")}});
}

[[noreturn]] void stop_at_exception() {
  if (const auto thrown = std::current_exception()) {
    try {
      std::rethrow_exception(thrown);
    } catch (const std::bad_alloc&) {
      // Nothing is broken, and there is no memory to say it with.
      if (const std::terminate_handler before = terminate_before.load(); before != nullptr) before();
      std::abort();
    } catch (...) {
    }
  }
  const std::type_info* const type = abi::__cxa_current_exception_type();
  stop_at({"what is thrown is caught", type != nullptr ? type->name() : "no exception", __FILE__, __LINE__});
}

}  // namespace

LastWords::LastWords(JournalWriter& journal) {
  last_words_in = &journal;
  terminate_before = std::set_terminate(stop_at_exception);
  tell_broken_invariants(say_broken);
}

LastWords::~LastWords() {
  tell_broken_invariants(nullptr);
  std::set_terminate(terminate_before);
}

std::string journal_line(bool as_json, Instant at, JournalLevel level, Literal event, Literal message,
                         const std::vector<JournalField>& fields) {
  if (as_json) {
    json::object line{{"time", to_rfc3339(at)},
                      {"level", to_text(level)},
                      {"event", event.text()},
                      {"message", message.text()}};
    for (const JournalField& field : fields) line[field.name.text()] = json_of(field.value);
    return json::serialize(line) + "\n";
  }
  std::string line =
      fmt::format("{} {:5} {}: {}", to_rfc3339(at), to_text(level), event.text(), message.text());
  for (const JournalField& field : fields)
    line += fmt::format(" {}={}", field.name.text(), text_of(field.value));
  return line + "\n";
}

JournalWriter::JournalWriter(JournalOptions options, const Clock& clock)
    : options_(options),
      json_(options.format == JournalFormat::json ||
            (options.format == JournalFormat::by_terminal && ::isatty(options.file) == 0)),
      clock_(clock),
      thread_([this] { run(); }) {}

JournalWriter::~JournalWriter() {
  {
    const std::lock_guard lock(mutex_);
    quit_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void JournalWriter::say(JournalLevel level, Literal event, Literal message,
                        std::vector<JournalField> fields) {
  if (!takes(level)) return;
  try {
    push(journal_line(json_, clock_.now(), level, event, message, fields));
  } catch (const std::bad_alloc&) {
    const std::lock_guard lock(mutex_);
    ++lost_;
  }
}

void JournalWriter::push(std::string line) {
  {
    const std::lock_guard lock(mutex_);
    if (lines_.size() >= journal_lines_max) {
      ++lost_;
      return;
    }
    lines_.push_back(std::move(line));
  }
  wake_.notify_one();
}

void JournalWriter::say_last(Literal event, Literal message, std::vector<JournalField> fields) {
  say(JournalLevel::error, event, message, std::move(fields));
  std::unique_lock lock(mutex_);
  written_.wait_for(lock, last_words, [this] { return lines_.empty() && !writing_; });
}

std::uint64_t JournalWriter::lost() const {
  const std::lock_guard lock(mutex_);
  return lost_;
}

std::size_t JournalWriter::waiting() const {
  const std::lock_guard lock(mutex_);
  return lines_.size();
}

void JournalWriter::run() {
  std::chrono::steady_clock::time_point until = std::chrono::steady_clock::time_point::max();
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return quit_ || !lines_.empty(); });
    if (quit_) until = std::min(until, std::chrono::steady_clock::now() + last_words);
    if (lines_.empty()) return;
    std::string text;
    while (!lines_.empty() && text.size() < journal_field_bytes_max) {
      text += lines_.front();
      lines_.pop_front();
    }
    if (const std::uint64_t lost = lost_ - std::exchange(lost_told_, lost_); lost != 0)
      text += journal_line(json_, clock_.now(), JournalLevel::warn, "journal.lines_lost",
                           "lines were left out, because nobody read", {{"lines", lost}});
    writing_ = true;
    lock.unlock();
    for (std::string_view left = text; !left.empty();) {
      if (std::chrono::steady_clock::now() > until) return;
      // A reader that stopped must not keep the process from ending. A pipe that is ready takes PIPE_BUF without waiting.
      pollfd ready{options_.file, POLLOUT, 0};
      if (::poll(&ready, 1, poll_ms) == 0) {
        const std::lock_guard looking(mutex_);
        if (quit_) until = std::min(until, std::chrono::steady_clock::now() + last_words);
        continue;
      }
      const ssize_t wrote = ::write(options_.file, left.data(), std::min<std::size_t>(left.size(), PIPE_BUF));
      if (wrote < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (wrote < 0) break;  // nobody is there any more; the process goes on
      left.remove_prefix(static_cast<std::size_t>(wrote));
    }
    lock.lock();
    writing_ = false;
    written_.notify_all();
  }
}

}  // namespace parlance::tools
