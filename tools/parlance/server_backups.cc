#include "tools/parlance/server_backups.h"

#include "adapters/embedded/system.h"
#include "tools/parlance/report.h"

namespace parlance::tools {

Result<void> ServerBackups::start(const std::string& dir, std::size_t keep) {
  const std::filesystem::path wanted = dir.empty() ? backups_ : std::filesystem::path(dir);
  if (wanted.empty())
    return invalid(
        "backup.no_folder",
        "say which folder, or start the server with --backups; `parlance backup create --to` makes one");
  if (!wanted.is_absolute()) return invalid("backup.relative", "a folder's path begins with /");
  const std::lock_guard lock(mutex_);
  if (running_ || stopping_)
    return Error{Errc::locked, "backup.running",
                 "a backup is being made; GET /v1/admin/backups says how far it is"};
  // Nobody makes folders on this machine over HTTP: a folder of backups was made here, of this log.
  for (const std::filesystem::path& own : {data_.dir, data_.keys_dir})
    if (overlap(wanted, own))
      return invalid("backup.inside", "the folder and the data folder or the keyring lie one in the other");
  auto folder = BackupFolder::open(wanted, true);
  if (!folder) return folder.error();
  if ((*folder)->log() != data_.log->id())
    return invalid("backup.other_log", "the folder holds backups of another log");
  folder_ = std::move(*folder);
  if (thread_.joinable()) thread_.join();
  running_ = true;
  state_ = {{"state", "running"},
            {"dir", wanted.string()},
            {"started_at", to_rfc3339(SystemClock().now())},
            {"doing", "starting"},
            {"done", "0"},
            {"total", nullptr},
            {"unit", nullptr}};
  thread_ = std::thread([this, wanted, keep] { run(wanted, keep); });
  return {};
}

void ServerBackups::run(const std::filesystem::path& dir, std::size_t keep) {
  const auto tell = [this](const char* doing, const char* unit, std::uint64_t done, std::uint64_t total) {
    const std::lock_guard lock(mutex_);
    state_["doing"] = doing;
    state_["unit"] = unit;
    state_["done"] = std::to_string(done);
    state_["total"] = total == 0 ? boost::json::value(nullptr) : boost::json::value(std::to_string(total));
  };
  const auto made = folder_->create(*data_.log, *data_.keys, data_.dir / attachments_folder, tell);
  std::optional<Error> failed;
  boost::json::array removed;
  if (!made) failed = made.error();
  if (made && keep != 0) {
    const auto kept = folder_->keep(keep);
    if (!kept)
      failed = kept.error();
    else
      for (const std::uint32_t number : *kept) removed.push_back(boost::json::value(std::to_string(number)));
  }
  const std::lock_guard lock(mutex_);
  folder_.reset();
  running_ = false;
  const boost::json::value started = state_["started_at"];
  state_ = {{"state", failed ? "failed" : "done"},
            {"dir", dir.string()},
            {"started_at", started},
            {"ended_at", to_rfc3339(SystemClock().now())}};
  if (!failed) last_success_ = static_cast<double>(made->created_at.ms) / 1000;
  if (made) {
    state_["backup"] = std::to_string(made->number);
    state_["created_at"] = to_rfc3339(made->created_at);
    state_["records"] = std::to_string(made->records());
    state_["bytes"] = std::to_string(made->bytes());
    state_["removed"] = std::move(removed);
  }
  if (failed) {
    state_["kind"] = errc_name(failed->code);
    state_["code"] = failed->rule;
    state_["detail"] = failed->detail;
  }
}

boost::json::object ServerBackups::status() {
  const std::lock_guard lock(mutex_);
  return state_;
}

void ServerBackups::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    if (running_ && folder_) folder_->stop();
  }
  if (thread_.joinable()) thread_.join();
}

}  // namespace parlance::tools
