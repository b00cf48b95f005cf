#include "adapters/rocksdb/cached_rows.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <unordered_map>

namespace parlance {
namespace {

struct Hash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};
/// Shared, so that whoever reads or writes it down holds no lock while copying it.
using Value = std::shared_ptr<const Bytes>;
struct Row {
  Value value;                   ///< null: the row is not there any more
  std::uint64_t changed_in = 0;  ///< the round that will write it down; 0: it is as in the store below
  bool asked = false;            ///< for, since rows were last let go
};
using Rows = std::unordered_map<std::string, Row, Hash, std::equal_to<>>;

/// Rows let go at a time, and then others have their turn.
constexpr std::size_t rows_a_turn = 64;
/// What a row costs beside its bytes, nearly.
constexpr std::size_t row_overhead = 150;
std::size_t size_of(const Rows::value_type& row) {
  return row_overhead + row.first.size() + (row.second.value ? row.second.value->size() : 0);
}

class CachedFamily final : public RowFamily {
 public:
  CachedFamily(RowFamily& under, const CachedRowsOptions& options, std::function<void()> wake)
      : under_(under), options_(options), wake_(std::move(wake)) {}

  Result<std::optional<Bytes>> get(ByteView key) const override {
    std::uint64_t written = 0;
    if (const auto kept = find(key, written))
      return *kept ? std::optional<Bytes>(**kept) : std::optional<Bytes>{};
    auto value = under_.get(key);
    if (!value || !*value) return value;
    auto shared = std::make_shared<const Bytes>(**value);
    std::string text(as_text(key));
    const std::lock_guard lock(mutex_);
    // Where rows were written down meanwhile, what was read may be older.
    if (written != written_) return value;
    const auto [row, fresh] = rows_.try_emplace(std::move(text), Row{std::move(shared), 0, true});
    if (fresh) keep(*row);
    return value;
  }

  Result<void> scan(ByteView from, ByteView to,
                    const std::function<bool(ByteView, ByteView)>& sink) const override {
    const auto written = write_down();
    if (written) return under_.scan(from, to, sink);
    if (written.error().code != Errc::read_only) return written;
    return scan_both(from, to, sink);
  }

  Result<void> write_all(std::span<const RowChangeView> changes) override {
    std::vector<std::pair<std::string, Value>> rows;
    rows.reserve(changes.size());
    for (const RowChangeView& change : changes) {
      rows.emplace_back(
          as_text(change.key),
          change.value ? std::make_shared<const Bytes>(change.value->begin(), change.value->end()) : nullptr);
    }
    std::size_t bytes = 0;
    {
      const std::lock_guard lock(mutex_);
      if (failed_) return *failed_;
      for (auto& [key, value] : rows) {
        Rows::value_type& row = *rows_.try_emplace(std::move(key)).first;
        const bool first = row.second.changed_in != round_;
        if (!first) changed_bytes_ -= size_of(row);
        if (row.second.changed_in == 0 && row.second.value) kept_bytes_ -= size_of(row);
        row.second.value.swap(value);
        row.second.changed_in = round_;
        changed_bytes_ += size_of(row);
        if (first) changed_.push_back(&row);
      }
      bytes = changed_bytes_;
    }
    if (bytes >= 4 * options_.changed_bytes_max) return write_down();
    if (bytes >= options_.changed_bytes_max) wake_();
    return {};
  }

  Result<void> flush() override {
    if (auto written = write_down(); !written) return written;
    return under_.flush();
  }

  /// Nothing is held of what was below. The caller renews that before anybody writes here again.
  void forget_all() {
    const std::lock_guard one(down_);
    const std::lock_guard lock(mutex_);
    rows_.clear();
    changed_.clear();
    changed_bytes_ = kept_bytes_ = 0;
    ++written_;  // what is being read below is not kept
    failed_.reset();
  }

  /// One at a time. What fails stays in memory, where it is served from.
  Result<void> write_down() const {
    const std::lock_guard one(down_);
    std::vector<Rows::value_type*> rows;
    std::vector<std::pair<std::string_view, std::shared_ptr<const Bytes>>> going;
    std::uint64_t round = 0;
    {
      const std::lock_guard lock(mutex_);
      if (failed_) return *failed_;
      if (changed_.empty()) return {};
      rows = std::exchange(changed_, {});
      changed_bytes_ = 0;
      round = round_++;
      // A changed row stays where it is, so its key needs no copy.
      going.reserve(rows.size());
      for (const Rows::value_type* row : rows) going.emplace_back(row->first, row->second.value);
    }
    std::ranges::sort(going, {}, [](const auto& row) { return row.first; });
    std::vector<RowChangeView> batch;
    batch.reserve(going.size());
    for (const auto& [key, value] : going)
      batch.emplace_back(as_bytes(key), value ? std::optional<ByteView>(*value) : std::nullopt);
    const auto written = under_.write_all(batch);
    {
      const std::lock_guard lock(mutex_);
      if (!written) {
        if (written.error().code == Errc::read_only)
          stays(rows, round);
        else
          failed_ = written.error();
        return written;
      }
      ++written_;
    }
    for (std::span<Rows::value_type* const> left(rows); !left.empty();) {
      const std::size_t turn = std::min(left.size(), rows_a_turn);
      const std::lock_guard lock(mutex_);
      for (Rows::value_type* row : left.first(turn)) {
        if (row->second.changed_in != round) continue;  // changed again: the next round's
        row->second.changed_in = 0;
        if (row->second.value && row->second.asked)
          keep(*row);
        else
          rows_.erase(rows_.find(row->first));
      }
      left = left.subspan(turn);
    }
    return {};
  }

 private:
  /// What did not go down lies over what is below.
  Result<void> scan_both(ByteView from, ByteView to,
                         const std::function<bool(ByteView, ByteView)>& sink) const {
    std::unique_lock one(down_);
    std::map<std::string_view, Value> over;
    std::deque<std::string> keys;
    {
      const std::lock_guard lock(mutex_);
      for (const Rows::value_type* row : changed_)
        if (row->first >= as_text(from) && (to.empty() || row->first < as_text(to)))
          over.emplace(keys.emplace_back(row->first), row->second.value);
    }
    auto next = over.begin();
    bool on = true;
    const auto tell_next = [&] {
      if (next->second) on = sink(as_bytes(next->first), *next->second);
      ++next;
    };
    const auto below = under_.scan(from, to, [&](ByteView key, ByteView value) {
      // The store below has begun its scan and shows it as it was: others may write down.
      if (one.owns_lock()) one.unlock();
      while (on && next != over.end() && next->first < as_text(key)) tell_next();
      if (!on) return false;
      if (next != over.end() && next->first == as_text(key))
        tell_next();
      else
        on = sink(key, value);
      return on;
    });
    if (one.owns_lock()) one.unlock();
    while (below && on && next != over.end()) tell_next();
    return below;
  }

  /// Rows of a round that did not go down, for lack of space, go with the next one. Under mutex_.
  void stays(std::span<Rows::value_type* const> rows, std::uint64_t round) const {
    for (Rows::value_type* row : rows) {
      if (row->second.changed_in != round) continue;  // changed again: there already
      row->second.changed_in = round_;
      changed_bytes_ += size_of(*row);
      changed_.push_back(row);
    }
  }

  /// The row's value where it is in memory, and `written` where it is not.
  std::optional<Value> find(ByteView key, std::uint64_t& written) const {
    const std::lock_guard lock(mutex_);
    if (const auto found = rows_.find(as_text(key)); found != rows_.end()) {
      found->second.asked = true;
      return found->second.value;
    }
    written = written_;
    return std::nullopt;
  }

  /// A row as in the store below, which was asked for: such ones answer again. Those not asked for in the time in which half
  /// of the budget was added go.
  void keep(const Rows::value_type& row) const {
    kept_bytes_ += size_of(row);
    if (kept_bytes_ < options_.kept_bytes_max) return;
    kept_bytes_ = 0;
    for (auto it = rows_.begin(); it != rows_.end();) {
      const bool clean = it->second.changed_in == 0;
      if (clean && !std::exchange(it->second.asked, false) && &*it != &row) {
        it = rows_.erase(it);
        continue;
      }
      if (clean) kept_bytes_ += size_of(*it);
      ++it;
    }
    if (kept_bytes_ < options_.kept_bytes_max / 2) return;
    std::erase_if(rows_, [&](const Rows::value_type& r) { return r.second.changed_in == 0 && &r != &row; });
    kept_bytes_ = size_of(row);
  }

  RowFamily& under_;
  const CachedRowsOptions& options_;
  const std::function<void()> wake_;
  mutable std::mutex down_;   ///< held while writing down; taken before mutex_
  mutable std::mutex mutex_;  ///< guards all below
  mutable Rows rows_;
  mutable std::vector<Rows::value_type*> changed_;  ///< in this round
  mutable std::size_t changed_bytes_ = 0;
  mutable std::size_t kept_bytes_ = 0;
  mutable std::uint64_t round_ = 1;
  mutable std::uint64_t written_ = 0;  ///< rounds
  mutable std::optional<Error> failed_;
};

class CachedRows final : public RowStore {
 public:
  CachedRows(std::unique_ptr<RowStore> under, CachedRowsOptions options)
      : under_(std::move(under)), options_(options), thread_([this] { write_down_now_and_then(); }) {}

  ~CachedRows() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
    for (const auto& [name, family] : families_) (void)family->write_down();
  }

  std::vector<std::string> families() const override { return under_->families(); }
  StoreHealth health() const override { return under_->health(); }
  std::optional<Error> damage() const override { return under_->damage(); }

  Result<void> renew() override {
    const std::lock_guard writing(writing_down_);
    const std::lock_guard lock(mutex_);
    // Before, so that nothing of the old rows is written into the new store; and after, for who was reading them meanwhile.
    for (const auto& [name, family] : families_) family->forget_all();
    auto renewed = under_->renew();
    for (const auto& [name, family] : families_) family->forget_all();
    return renewed;
  }

  Result<RowFamily*> open(std::string_view name) override {
    auto opened = under_->open(name);
    if (!opened) return opened;
    const std::lock_guard lock(mutex_);
    auto found = families_.find(name);
    if (found == families_.end())
      found = families_
                  .emplace(name, std::make_unique<CachedFamily>(**opened, options_,
                                                                [this] {
                                                                  {
                                                                    const std::lock_guard full(mutex_);
                                                                    full_ = true;
                                                                  }
                                                                  wake_.notify_one();
                                                                }))
                  .first;
    return found->second.get();
  }

  Result<void> drop(std::string_view name) override {
    const std::lock_guard writing(writing_down_);
    const std::lock_guard lock(mutex_);
    if (const auto found = families_.find(name); found != families_.end()) families_.erase(found);
    return under_->drop(name);
  }

 private:
  [[nodiscard]] std::vector<CachedFamily*> all() {
    const std::lock_guard lock(mutex_);
    std::vector<CachedFamily*> out;
    for (const auto& [name, family] : families_) out.push_back(family.get());
    return out;
  }

  void write_down_now_and_then() {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
      wake_.wait_for(lock, options_.write_down_after, [this] { return stopping_ || full_; });
      full_ = false;
      lock.unlock();
      {
        const std::lock_guard writing(writing_down_);
        // What fails here is told to the family's next writer.
        for (CachedFamily* family : all()) (void)family->write_down();
      }
      lock.lock();
    }
  }

  const std::unique_ptr<RowStore> under_;
  const CachedRowsOptions options_;
  std::mutex writing_down_;  ///< a family is not dropped while it is written down; taken before mutex_
  std::mutex mutex_;         ///< guards the three below
  std::map<std::string, std::unique_ptr<CachedFamily>, std::less<>> families_;
  bool full_ = false;
  bool stopping_ = false;
  std::condition_variable wake_;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<RowStore> cache_rows(std::unique_ptr<RowStore> under, CachedRowsOptions options) {
  return std::make_unique<CachedRows>(std::move(under), options);
}

}  // namespace parlance
