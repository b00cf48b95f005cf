#pragma once
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/ports/row_store.h"

namespace parlance::tests {

/// A row store in memory that a test may crash: each family then holds some whole batches of itself and has lost the later ones, as
/// RocksDB without a WAL may. Writes can be made to fail.
class LossyRows final : public RowStore {
 public:
  using Rows = std::map<Bytes, Bytes>;

  [[nodiscard]] std::vector<std::string> families() const override {
    std::vector<std::string> out;
    for (const auto& [name, family] : families_) out.push_back(name);
    return out;
  }
  [[nodiscard]] Result<RowFamily*> open(std::string_view family) override {
    auto& made = families_[std::string(family)];
    if (!made) made = std::make_unique<Family>(*this);
    return made.get();
  }
  [[nodiscard]] Result<void> drop(std::string_view family) override {
    families_.erase(std::string(family));
    return {};
  }

  [[nodiscard]] Result<void> renew() override {
    for (auto& [name, family] : families_) {
      family->rows.clear();
      family->durable.clear();
      family->unflushed.clear();
    }
    damage_.reset();
    return {};
  }
  [[nodiscard]] std::optional<Error> damage() const override { return damage_; }
  /// A block of it fails its checksum.
  void damage(Error error) { damage_ = std::move(error); }

  /// The machine stops. Of each family's unflushed batches the first `keep(count)` survive.
  void crash(auto&& keep) {
    for (auto& [name, family] : families_) {
      const std::size_t kept = keep(family->unflushed.size());
      for (std::size_t i = 0; i < kept; ++i) put(family->durable, family->unflushed[i]);
      family->unflushed.clear();
      family->rows = family->durable;
    }
  }
  /// Called just before and just after each batch of rows is written, as another thread might look then.
  void around_write(std::function<void()> look) { around_write_ = std::move(look); }
  void fail_writes(bool fail) { fail_writes_ = fail; }
  void fail_reads(bool fail) { fail_reads_ = fail; }
  [[nodiscard]] Rows& rows(const std::string& family) { return families_.at(family)->rows; }
  [[nodiscard]] std::size_t writes() const { return writes_; }
  [[nodiscard]] std::size_t flushes() const { return flushes_; }

 private:
  using Batch = std::vector<RowChange>;
  static void put(Rows& rows, const Batch& batch) {
    for (const RowChange& change : batch) {
      if (change.value) {
        rows[change.key] = *change.value;
      } else {
        rows.erase(change.key);
      }
    }
  }
  struct Family final : RowFamily {
    explicit Family(LossyRows& of) : store(of) {}
    [[nodiscard]] Result<std::optional<Bytes>> get(ByteView key) const override {
      if (store.damage_) return *store.damage_;
      if (store.fail_reads_) return unavailable("test.read_failed");
      const auto it = rows.find(Bytes(key.begin(), key.end()));
      return it == rows.end() ? std::optional<Bytes>{} : std::optional(it->second);
    }
    [[nodiscard]] Result<void> scan(ByteView from, ByteView to,
                                    const std::function<bool(ByteView, ByteView)>& sink) const override {
      if (store.damage_) return *store.damage_;
      if (store.fail_reads_) return unavailable("test.read_failed");
      const Bytes end(to.begin(), to.end());
      for (auto it = rows.lower_bound(Bytes(from.begin(), from.end())); it != rows.end(); ++it)
        if ((!end.empty() && it->first >= end) || !sink(it->first, it->second)) break;
      return {};
    }
    [[nodiscard]] Result<void> write_all(std::span<const RowChangeView> changes) override {
      if (store.damage_) return *store.damage_;
      if (store.fail_writes_) return unavailable("test.write_failed");
      ++store.writes_;
      Batch& batch = unflushed.emplace_back();
      for (const RowChangeView& c : changes)
        batch.push_back({Bytes(c.key.begin(), c.key.end()),
                         c.value ? std::optional(Bytes(c.value->begin(), c.value->end())) : std::nullopt});
      if (store.around_write_) store.around_write_();
      put(rows, batch);
      if (store.around_write_) store.around_write_();
      return {};
    }
    [[nodiscard]] Result<void> flush() override {
      ++store.flushes_;
      durable = rows;
      unflushed.clear();
      return {};
    }
    LossyRows& store;
    Rows rows, durable;
    std::vector<Batch> unflushed;
  };
  std::map<std::string, std::unique_ptr<Family>> families_;
  std::optional<Error> damage_;
  std::function<void()> around_write_;
  bool fail_writes_ = false;
  bool fail_reads_ = false;
  std::size_t writes_ = 0;
  std::size_t flushes_ = 0;
};

}  // namespace parlance::tests
