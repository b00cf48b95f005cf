#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "adapters/embedded/embedded_log.h"

namespace parlance::tools {

/// A folder's log, to be read from end to end while a server may be writing it.
///
/// A server at work replaces files under whoever reads beside it, which looks like damage. So what cannot be opened or read
/// is tried again on a fresh opening; what fails on `openings_max` of them in a row is told as it is. A fresh opening shows a
/// later end, never other records. Nothing in the folder is changed and no lock is taken. Threads: one.
class LogReader {
 public:
  static constexpr int openings_max = 4;

  /// `dir` is the data folder. Errors: those of open_embedded_log().
  [[nodiscard]] static Result<LogReader> open(const std::filesystem::path& dir);
  /// A log that `opening` opens, each time anew.
  using Opening = std::function<Result<std::unique_ptr<EmbeddedLog>>()>;
  [[nodiscard]] static Result<LogReader> open(Opening opening);

  [[nodiscard]] LogId id() const { return log_->id(); }
  [[nodiscard]] std::uint32_t generation() const { return log_->generation(); }
  [[nodiscard]] PartitionId partitions() const { return log_->partitions(); }
  [[nodiscard]] Offset end(PartitionId partition) const { return log_->end(partition); }
  /// As the first opening found it.
  [[nodiscard]] const std::optional<SealedMark>& sealed_mark(PartitionId partition) const {
    return marks_[partition];
  }
  /// The records of a partition from `from` on, up to `until` or to where `sink` returns false; returns where that is.
  [[nodiscard]] Result<Offset> read(PartitionId partition, Offset from, Offset until, const RecordSink& sink);
  /// As Vault::get().
  [[nodiscard]] Result<std::optional<Bytes>> get(VaultFamily family, ByteView key);

 private:
  explicit LogReader(Opening opening) : opening_(std::move(opening)) {}
  [[nodiscard]] Result<void> open_anew();

  Opening opening_;
  std::unique_ptr<EmbeddedLog> log_;
  std::vector<std::optional<SealedMark>> marks_;
};

}  // namespace parlance::tools
