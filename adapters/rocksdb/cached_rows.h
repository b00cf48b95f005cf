#pragma once
#include <chrono>
#include <cstddef>
#include <memory>

#include "engine/ports/row_store.h"

namespace parlance {

struct CachedRowsOptions {
  /// Changed rows are written down once they are so many bytes, and a writer waits for that at four times as many.
  std::size_t changed_bytes_max = std::size_t{8} << 20;
  /// Rows that were read or written down and may be asked for again.
  std::size_t kept_bytes_max = std::size_t{32} << 20;
  /// A changed row is written down at the latest so long after.
  std::chrono::milliseconds write_down_after{1000};
};

/// A RowStore that keeps changed rows in memory and writes them down to `under` in the background, in large sorted batches.
///
/// It is for rows that can be folded again: nothing here is durable before flush(), and then all of it is. A write() stays one whole
/// in whatever a crash leaves. Rows that change often are written down once a batch instead of once a change; a row that is
/// asked for again is answered from memory. (With 64 clients writing messages over HTTP the writing down and reading of the fold store
/// took 23 % of the serving threads' time without it: bench/results.md.)
///
/// A write-down that fails for lack of space is tried again by the next one; until then its rows stay in memory, and only flush() or a
/// write() beyond four times the limit is told. Any other is told to the next write() or flush(), and to all after it; reads go on.
/// renew() drops what is in memory too; whoever writes or asks for rows of before meanwhile is answered from neither.
/// Threads: any. A scan writes down first. The destructor writes down what is left.
[[nodiscard]] std::unique_ptr<RowStore> cache_rows(std::unique_ptr<RowStore> under,
                                                   CachedRowsOptions options = {});

}  // namespace parlance
