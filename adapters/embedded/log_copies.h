#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "adapters/embedded/embedded_log.h"

/// Copies of a log with its vault, each of one moment, in a folder of RocksDB's backup engine: tables that two copies share are there once.
///
/// A copy is made beside the writer. It holds everything that was durable when it began, and perhaps more; it is RocksDB's files alone,
/// so whoever keeps it keeps its LogMarks beside it: without them nobody can tell whether it is whole.
namespace parlance {

struct LogCopy {
  std::uint32_t number = 0;
  std::vector<std::string> files;  ///< relative to the folder
};

/// Threads: one, but stop().
class LogCopies {
 public:
  /// Makes the folder where it is absent. One process at a time may change it, which is the caller's matter. What a copy cut short by
  /// a crash left behind is removed by the next create(). Errors: `unavailable` "backup.io", `read_only` "backup.no_space", `corrupt` "backup.damaged".
  [[nodiscard]] static Result<std::unique_ptr<LogCopies>> open(const std::filesystem::path& dir);
  /// Changes nothing. `not_found` "backup.absent".
  [[nodiscard]] static Result<std::unique_ptr<LogCopies>> open_to_read(const std::filesystem::path& dir);
  virtual ~LogCopies() = default;

  [[nodiscard]] virtual std::vector<std::uint32_t> numbers() const = 0;
  [[nodiscard]] virtual Result<LogCopy> find(std::uint32_t number) const = 0;

  struct Made {
    LogCopy copy;
    LogMarks marks;  ///< of the moment before it: the copy reaches them
  };
  /// `copied` is told the bytes so far, now and then. Durable when it returns.
  [[nodiscard]] virtual Result<Made> create(EmbeddedLog& log,
                                            const std::function<void(std::uint64_t bytes)>& copied) = 0;
  /// Any thread: a create() under way ends soon, as `unavailable` "backup.stopped".
  virtual void stop() = 0;
  [[nodiscard]] virtual Result<void> remove(std::uint32_t number) = 0;

  /// The copy as a log to be read where it lies. `loss` "log.behind_mark" where it does not reach `marks`.
  [[nodiscard]] virtual Result<std::unique_ptr<EmbeddedLog>> open_log(std::uint32_t number,
                                                                      const LogMarks& marks) const = 0;
  /// Makes a log of it in `dir`, absent or empty; durable when it returns. Not atomic: what a crash leaves there is no log yet.
  [[nodiscard]] virtual Result<void> restore(std::uint32_t number, const LogMarks& marks,
                                             const std::filesystem::path& dir) const = 0;
};

}  // namespace parlance
