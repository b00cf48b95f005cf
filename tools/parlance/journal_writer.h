#pragma once
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <thread>

#include "engine/ports/clock.h"
#include "engine/ports/journal.h"

namespace parlance::tools {

enum class JournalFormat : std::uint8_t {
  by_terminal,  ///< text where people watch, else JSON
  json,         ///< an object a line: time, level, event, message, then the fields
  text
};
struct JournalOptions {
  JournalFormat format = JournalFormat::by_terminal;
  JournalLevel level = JournalLevel::info;  ///< and what is graver
  int file = 2;
};

/// Lines that wait for a reader who does not read; later ones are counted and left out.
inline constexpr std::size_t journal_lines_max = 4096;
/// A longer field is cut.
inline constexpr std::size_t journal_field_bytes_max = 2048;

/// A line as it is written, with its end.
[[nodiscard]] std::string journal_line(bool json, Instant at, JournalLevel level, Literal event,
                                       Literal message, const std::vector<JournalField>& fields);

class JournalWriter;
/// While it lives, an invariant that breaks and an exception that nobody catches are the last words of `journal`, "process.broken", before
/// the process ends by SIGABRT. Want of memory is left to the handler that was there before. One at a time.
class LastWords {
 public:
  explicit LastWords(JournalWriter& journal);
  ~LastWords();
  LastWords(const LastWords&) = delete;
  LastWords& operator=(const LastWords&) = delete;
};

/// A Journal on a descriptor, such as stderr. A thread of its own writes, so that a pipe that nobody empties stops nobody.
class JournalWriter final : public Journal {
 public:
  JournalWriter(JournalOptions options, const Clock& clock);
  /// Writes what waits, for at most a second.
  ~JournalWriter() override;
  JournalWriter(const JournalWriter&) = delete;
  JournalWriter& operator=(const JournalWriter&) = delete;

  void say(JournalLevel level, Literal event, Literal message,
           std::vector<JournalField> fields = {}) override;
  [[nodiscard]] bool takes(JournalLevel level) const override { return level >= options_.level; }
  /// Like say(), and returns once it is written with all before it, or after a second: for a process that ends now.
  void say_last(Literal event, Literal message, std::vector<JournalField> fields = {});
  /// Lines left out since the start, because nobody read.
  [[nodiscard]] std::uint64_t lost() const;
  /// Lines that wait to be written.
  [[nodiscard]] std::size_t waiting() const;

 private:
  void run();
  void push(std::string line);

  const JournalOptions options_;
  const bool json_;
  const Clock& clock_;
  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable wake_, written_;
  std::deque<std::string> lines_;
  std::uint64_t lost_ = 0;
  std::uint64_t lost_told_ = 0;
  bool writing_ = false;
  bool quit_ = false;
  std::thread thread_;
};

}  // namespace parlance::tools
