#include "adapters/embedded/recent_records.h"

#include <algorithm>

#include "engine/base/assert.h"

namespace parlance::embedded {

void RecentRecords::add(Offset first, std::vector<Bytes> records) {
  auto chunk = std::make_shared<Chunk>();
  chunk->first = first;
  for (const Bytes& record : records) chunk->bytes += record.size() + sizeof(Bytes);
  chunk->records = std::move(records);
  const std::lock_guard lock(mutex_);
  PARLANCE_ASSERT(chunks_.empty() || chunks_.back()->end() == first, "recent records have no hole");
  bytes_ += chunk->bytes;
  chunks_.push_back(std::move(chunk));
  while (bytes_ > bytes_max_) {
    bytes_ -= chunks_.front()->bytes;
    chunks_.pop_front();
  }
}

RecentRecords::Chunks RecentRecords::from(Offset from, std::size_t limit) const {
  const std::lock_guard lock(mutex_);
  Chunks found;
  if (chunks_.empty() || from < chunks_.front()->first) return found;
  auto chunk = std::ranges::upper_bound(chunks_, from, {}, [](const auto& c) { return c->end(); });
  for (; chunk != chunks_.end() && limit > 0; ++chunk) {
    const std::size_t here = (*chunk)->end() - std::max(from, (*chunk)->first);
    limit -= std::min(limit, here);
    found.push_back(*chunk);
  }
  return found;
}

void RecentRecords::clear() {
  const std::lock_guard lock(mutex_);
  chunks_.clear();
  bytes_ = 0;
}

}  // namespace parlance::embedded
