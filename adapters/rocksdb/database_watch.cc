#include "adapters/rocksdb/database_watch.h"

namespace parlance {

void DatabaseWatch::OnBackgroundError(rocksdb::BackgroundErrorReason /*reason*/, rocksdb::Status* error) {
  const std::lock_guard lock(mutex_);
  ++seen_.background_errors;
  seen_.background_error = error == nullptr ? "an error without words" : error->ToString();
}

void DatabaseWatch::OnErrorRecoveryEnd(const rocksdb::BackgroundErrorRecoveryInfo& info) {
  const std::lock_guard lock(mutex_);
  seen_.background_error = info.new_bg_error.ok() ? "" : info.new_bg_error.ToString();
  info.old_bg_error.PermitUncheckedError();
}

void DatabaseWatch::OnStallConditionsChanged(const rocksdb::WriteStallInfo& info) {
  const std::lock_guard lock(mutex_);
  if (info.condition.cur == rocksdb::WriteStallCondition::kNormal) {
    stalls_.erase(info.cf_name);
    return;
  }
  if (stalls_.empty()) ++seen_.stalls;
  stalls_[info.cf_name] = info.condition.cur;
}

void DatabaseWatch::opened() {
  const std::lock_guard lock(mutex_);
  seen_.background_error.clear();
  stalls_.clear();
}

StoreHealth DatabaseWatch::health(rocksdb::DB& db) const {
  StoreHealth out;
  {
    const std::lock_guard lock(mutex_);
    out = seen_;
    for (const auto& [family, stall] : stalls_) {
      if (stall == rocksdb::WriteStallCondition::kStopped)
        out.stall = StoreHealth::Stall::stopped;
      else if (out.stall == StoreHealth::Stall::none)
        out.stall = StoreHealth::Stall::slowed;
    }
  }
  using Properties = rocksdb::DB::Properties;
  const auto sum = [&](const std::string& property) {
    std::uint64_t value = 0;
    return db.GetAggregatedIntProperty(property, &value) ? value : 0;
  };
  out.memory_bytes = sum(Properties::kCurSizeAllMemTables);
  out.compaction_bytes = sum(Properties::kEstimatePendingCompactionBytes);
  out.table_bytes = sum(Properties::kTotalSstFilesSize);
  std::uint64_t flushes = 0, compactions = 0;
  db.GetIntProperty(Properties::kNumRunningFlushes, &flushes);
  db.GetIntProperty(Properties::kNumRunningCompactions, &compactions);
  out.running = flushes + compactions;
  return out;
}

}  // namespace parlance
