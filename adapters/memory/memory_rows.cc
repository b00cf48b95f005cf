#include "adapters/memory/memory_rows.h"

#include <algorithm>

namespace parlance {
namespace {

struct ByteOrder {
  using is_transparent = void;
  bool operator()(ByteView a, ByteView b) const { return std::ranges::lexicographical_compare(a, b); }
};
using Rows = std::map<Bytes, Bytes, ByteOrder>;

}  // namespace

class MemoryRows::Family final : public RowFamily {
 public:
  Result<std::optional<Bytes>> get(ByteView key) const override {
    const std::lock_guard lock(mutex_);
    const auto found = rows_->find(key);
    return found == rows_->end() ? std::optional<Bytes>{} : std::optional<Bytes>(found->second);
  }

  Result<void> scan(ByteView from, ByteView to,
                    const std::function<bool(ByteView, ByteView)>& sink) const override {
    std::shared_ptr<const Rows> rows;
    {
      const std::lock_guard lock(mutex_);
      rows = rows_;
    }
    for (auto row = rows->lower_bound(from); row != rows->end(); ++row) {
      if (!to.empty() && !ByteOrder()(row->first, to)) break;
      if (!sink(row->first, row->second)) break;
    }
    // Under the lock, so that a writer who finds them unused comes after what was read here.
    const std::lock_guard lock(mutex_);
    rows.reset();
    return {};
  }

  Result<void> write_all(std::span<const RowChangeView> changes) override {
    const std::lock_guard lock(mutex_);
    // A scan that is going on keeps the rows it began with.
    if (rows_.use_count() > 1) rows_ = std::make_shared<Rows>(*rows_);
    for (const RowChangeView& change : changes) {
      const auto found = rows_->find(change.key);
      const bool present = found != rows_->end();
      // The first change of a row since the last flush remembers what that flush made durable.
      unflushed_.try_emplace(Bytes(change.key.begin(), change.key.end()),
                             present ? std::optional<Bytes>(found->second) : std::nullopt);
      if (change.value) {
        rows_->insert_or_assign(Bytes(change.key.begin(), change.key.end()),
                                Bytes(change.value->begin(), change.value->end()));
      } else if (present) {
        rows_->erase(found);
      }
    }
    return {};
  }

  Result<void> flush() override {
    const std::lock_guard lock(mutex_);
    unflushed_.clear();
    return {};
  }

  void forget_all() {
    const std::lock_guard lock(mutex_);
    rows_ = std::make_shared<Rows>();
    unflushed_.clear();
  }

  void lose_unflushed() {
    const std::lock_guard lock(mutex_);
    if (rows_.use_count() > 1) rows_ = std::make_shared<Rows>(*rows_);
    for (auto& [key, value] : unflushed_) {
      if (value) {
        rows_->insert_or_assign(key, std::move(*value));
      } else {
        rows_->erase(key);
      }
    }
    unflushed_.clear();
  }

 private:
  mutable std::mutex mutex_;  ///< guards both below
  std::shared_ptr<Rows> rows_ = std::make_shared<Rows>();
  std::map<Bytes, std::optional<Bytes>> unflushed_;  ///< rows changed since the last flush, as that left them
};

MemoryRows::MemoryRows() = default;
MemoryRows::~MemoryRows() = default;

std::vector<std::string> MemoryRows::families() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [name, family] : families_) names.push_back(name);
  return names;
}

Result<RowFamily*> MemoryRows::open(std::string_view family) {
  if (family.empty()) return invalid("rows.family_name");
  const std::lock_guard lock(mutex_);
  auto found = families_.find(family);
  if (found == families_.end()) found = families_.emplace(family, std::make_unique<Family>()).first;
  return static_cast<RowFamily*>(found->second.get());
}

Result<void> MemoryRows::drop(std::string_view family) {
  const std::lock_guard lock(mutex_);
  const auto found = families_.find(family);
  if (found == families_.end()) return Error{Errc::not_found, "rows.no_family", std::string(family)};
  families_.erase(found);
  return {};
}

Result<void> MemoryRows::renew() {
  const std::lock_guard lock(mutex_);
  for (const auto& [name, family] : families_) family->forget_all();
  return {};
}

void MemoryRows::lose_unflushed() {
  const std::lock_guard lock(mutex_);
  for (const auto& [name, family] : families_) family->lose_unflushed();
}

}  // namespace parlance
