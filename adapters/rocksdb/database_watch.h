#pragma once
#include <map>
#include <mutex>
#include <string>

#include <rocksdb/db.h>
#include <rocksdb/listener.h>

#include "engine/ports/store_health.h"

namespace parlance {

/// Hears what RocksDB does in the background, and says how the database is. One may hear several openings of the same database, one
/// after the other. Threads: any.
class DatabaseWatch final : public rocksdb::EventListener {
 public:
  void OnBackgroundError(rocksdb::BackgroundErrorReason reason, rocksdb::Status* error) override;
  void OnErrorRecoveryEnd(const rocksdb::BackgroundErrorRecoveryInfo& info) override;
  void OnStallConditionsChanged(const rocksdb::WriteStallInfo& info) override;
  /// Opened anew: what went wrong before is over.
  void opened();
  /// With the figures of `db`, which is open.
  [[nodiscard]] StoreHealth health(rocksdb::DB& db) const;

 private:
  mutable std::mutex mutex_;  // guards what follows
  StoreHealth seen_;
  std::map<std::string, rocksdb::WriteStallCondition> stalls_;  ///< by family, of those that are
};

}  // namespace parlance
