#pragma once

namespace rocksdb {
class Env;
}

namespace parlance {

/// The system's files for RocksDB, which tell files::tell_failed_sync() (adapters/files/failed_sync.h) of each sync that fails, of a file or
/// a folder, before RocksDB hears of it. Lives for ever. Threads: any.
[[nodiscard]] rocksdb::Env* guarded_env();

}  // namespace parlance
