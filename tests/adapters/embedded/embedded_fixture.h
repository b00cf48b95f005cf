#pragma once
#include "adapters/embedded/embedded_log.h"
#include "tests/contract/log_fixture.h"
#include "tests/support/temp_dir.h"

namespace parlance::tests {

inline const LogId test_log = LogId::from({0x0192000000000000, 0x1234});

/// An embedded log in a folder of its own.
class EmbeddedFixture final : public LogFixture {
 public:
  explicit EmbeddedFixture(PartitionId partitions, EmbeddedLogOptions options = {})
      : options_(std::move(options)) {
    REQUIRE(create_embedded_log(dir(), test_log, 1, partitions));
    open();
  }
  EventLog& log() override { return *log_; }
  Vault& vault() override { return log_->vault(); }
  EmbeddedLog& embedded() { return *log_; }
  void reopen() override {
    close();
    open();
  }
  void open() {
    auto opened = open_embedded_log(dir(), options_);
    REQUIRE_MESSAGE(opened, (opened ? "" : opened.error().detail));
    log_ = std::move(*opened);
  }
  void close() { log_.reset(); }
  /// What opening answers, without keeping the log.
  [[nodiscard]] Result<void> try_open() const {
    auto opened = open_embedded_log(dir(), options_);
    if (!opened) return opened.error();
    return {};
  }
  [[nodiscard]] std::filesystem::path dir() const { return temp_ / "data"; }

 private:
  TempDir temp_;
  EmbeddedLogOptions options_;
  std::unique_ptr<EmbeddedLog> log_;
};

}  // namespace parlance::tests
