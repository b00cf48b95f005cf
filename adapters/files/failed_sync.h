#pragma once
#include <filesystem>
#include <functional>
#include <string>

/// What this process does where a sync fails. The system may have dropped the very pages that it could not write, and the next sync of the
/// file succeeds all the same: so a failed sync is never tried again, and what serves people ends at once, before anybody hears of
/// anything that was to be durable by it. Whoever syncs tells it here first, and goes on with its own error where nothing ends.
namespace parlance::files {

/// `path` could not be synced; `what` is the system's word for it.
using FailedSync = std::function<void(const std::filesystem::path& path, const std::string& what)>;

/// Null, as at the start: a failed sync is its caller's trouble alone. Set before other threads sync.
void on_failed_sync(FailedSync handler);

/// Threads: any.
void tell_failed_sync(const std::filesystem::path& path, const std::string& what);

}  // namespace parlance::files
