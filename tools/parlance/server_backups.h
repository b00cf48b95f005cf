#pragma once
#include <atomic>
#include <filesystem>
#include <memory>
#include <mutex>
#include <thread>

#include "adapters/http/backups.h"
#include "tools/parlance/backup_folder.h"
#include "tools/parlance/folder.h"

namespace parlance::tools {

/// Backups that a running server makes of itself, one at a time, on a thread of their own.
class ServerBackups final : public http::Backups {
 public:
  /// `data` outlives it. `backups`: where to without another word; may be empty.
  ServerBackups(Folder& data, std::filesystem::path backups) : data_(data), backups_(std::move(backups)) {}
  ~ServerBackups() override { stop(); }

  Result<void> start(const std::string& dir, std::size_t keep) override;
  boost::json::object status() override;
  /// Seconds since 1970; 0: none yet.
  [[nodiscard]] double last_success_seconds() const { return last_success_; }
  /// Ends the one under way, of which nothing is kept.
  void stop();

 private:
  void run(const std::filesystem::path& dir, std::size_t keep);

  Folder& data_;
  const std::filesystem::path backups_;
  std::mutex mutex_;  // guards what follows
  std::thread thread_;
  std::unique_ptr<BackupFolder> folder_;
  std::atomic<double> last_success_{0};
  bool running_ = false, stopping_ = false;
  boost::json::object state_;  ///< of the one that runs, or ran last; empty: none did
};

}  // namespace parlance::tools
