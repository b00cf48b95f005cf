#pragma once
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/ports/event_log.h"
#include "engine/ports/row_store.h"
#include "projections/projection.h"
#include "projections/stream_rows.h"
#include "projections/view_status.h"
#include "schemas/log_fold.h"

namespace parlance {

/// Something in memory that is derived from the stream rows of one view, such as an order. Called under the partition's lock; a
/// stream that changes is removed with the row it was added with, and added again at the next sync.
class StreamIndex {
 public:
  virtual ~StreamIndex() = default;
  virtual void clear(PartitionId partition) = 0;
  virtual void add(PartitionId partition, const StreamKey& key, const std::uint8_t* row) = 0;
  virtual void remove(PartitionId partition, const StreamKey& key, const std::uint8_t* row) = 0;
};

/// The rows of several views and the log applied to them: memory first, one row family a view.
///
/// The family of a view holds its rows of all partitions: partition (16 bits, big-endian) | RowKey. Beside them, under the partition
/// 0xFFFF, what is no row and in no hash: | partition | 0 -> the applied state (below) and | partition | 1 | offset (64 bits) | event
/// (16 bits; 0xFFFF: the envelope) -> the rule of what stands in quarantine. All of a partition goes down in one batch with its
/// applied state, so a crash repeats nothing and loses nothing that the log does not give again.
///
///   applied state: format u32 (1), view version u32, hash low u64, hash high u64, quarantined u64, LogState (schemas/log_fold.h)
///
/// Threads: apply(), store() and replace() by one at a time; read() by any.
class ViewSet {
 public:
  struct View {
    Projection projection;
    RowFamily* family = nullptr;
    std::string family_name;
  };
  /// `index` follows the stream rows of view number `indexed`, and is built from the stored ones here. Errors are the store's.
  [[nodiscard]] static Result<std::unique_ptr<ViewSet>> open(const EventLog& log,
                                                             const std::vector<View>& views,
                                                             StreamIndex* index, std::size_t indexed);

  [[nodiscard]] const Projection& projection(std::size_t view) const { return projections_[view]; }
  [[nodiscard]] std::size_t size() const { return projections_.size(); }
  [[nodiscard]] std::optional<std::size_t> find(std::string_view name) const;
  [[nodiscard]] PartitionId partitions() const { return static_cast<PartitionId>(partitions_.size()); }
  /// The next offset that all views apply.
  [[nodiscard]] Offset next(PartitionId partition) const {
    return at(partition).next.load(std::memory_order_acquire);
  }
  [[nodiscard]] std::optional<Error> error(PartitionId partition) const;

  /// Applies at most `records_max` records of a partition, and none from `until` on. Returns how many: 0 where there are none or
  /// the partition is stopped.
  std::size_t apply(PartitionId partition, std::size_t records_max, Offset until = ~Offset{0});
  [[nodiscard]] std::size_t dirty_bytes() const { return dirty_bytes_; }
  [[nodiscard]] std::size_t memory_bytes() const;
  /// Writes what changed, each view's partitions one after the other. On an error what was not written stays in memory.
  [[nodiscard]] Result<void> store();
  /// Makes what was stored durable.
  [[nodiscard]] Result<void> flush();
  /// Where there are more than so many bytes of rows in memory: drops clean rows until there are not. First those that nobody asked for
  /// since the last time; of no stream before others, since a stream's next event looks its rows up and its reader too.
  void sweep(std::size_t bytes_max);
  /// View `view` goes on from the rows of `other`'s only view, which has applied and stored exactly as much.
  [[nodiscard]] Result<void> replace(std::size_t view, const ViewSet& other);

  /// Every view goes on from the log's beginning, in the families of `views`, which hold nothing; memory and the index are emptied.
  /// By who applies.
  void begin_again(const std::vector<View>& views);

  /// With the changed rows in it.
  [[nodiscard]] RowHash hash(std::size_t view, PartitionId partition) const;
  /// Summed anew over the rows stored; nothing may be changed and not stored.
  [[nodiscard]] Result<RowHash> recount(std::size_t view, PartitionId partition) const;
  [[nodiscard]] ViewStatus status(std::size_t view, PartitionId partition) const;
  [[nodiscard]] Result<std::vector<Quarantined>> quarantined(std::size_t view) const;

  /// One partition, locked for reading: what it answers is of one moment. Rows are copied out.
  class Reader {
   public:
    template <class View>
    [[nodiscard]] Result<std::optional<typename View::StreamRow>> stream_row(WorkspaceId workspace,
                                                                             StreamId stream) const {
      typename View::StreamRow row;
      const auto found =
          set_.stream_row(at_, number_of<View>(), {workspace, stream}, {as_row_bytes(row), sizeof row});
      if (!found) return found.error();
      return *found ? std::optional(row) : std::nullopt;
    }
    template <class View, FixedRow Row>
    [[nodiscard]] Result<std::optional<Row>> row(const RowKey& key) const {
      Row row;
      const auto found = set_.keyed_row(at_, number_of<View>(), key, {as_row_bytes(row), sizeof row});
      if (!found) return found.error();
      return *found ? std::optional(row) : std::nullopt;
    }
    /// The rows with from <= key < to in order; `sink(ByteView key without the partition, const Row&)`, which may return false to
    /// stop. Tags from 1 only.
    template <class View, FixedRow Row, class Sink>
    [[nodiscard]] Result<void> scan(const RowKey& from, const RowKey& to, const Sink& sink) const {
      return set_.scan(at_, number_of<View>(), from, to, [&](ByteView key, ByteView value) {
        if (value.size() != sizeof(Row)) return true;
        Row row;
        std::memcpy(as_row_bytes(row), value.data(), sizeof row);
        if constexpr (std::is_same_v<std::invoke_result_t<const Sink&, ByteView, const Row&>, bool>) {
          return sink(key, static_cast<const Row&>(row));
        } else {
          sink(key, static_cast<const Row&>(row));
          return true;
        }
      });
    }

    /// The items of the rows with from <= key < to, in order; `sink(const Item&)`, which may return false to stop.
    template <class View, RowItem Item, class Sink>
    [[nodiscard]] Result<void> scan_items(const RowKey& from, const RowKey& to, const Sink& sink) const {
      return set_.scan(at_, number_of<View>(), from, to, [&](ByteView /*key*/, ByteView value) {
        const std::size_t items = items_in<Item>(value.size()).value_or(0);
        for (std::size_t i = 0; i < items; ++i) {
          Item item;
          std::memcpy(as_row_bytes(item), value.data() + sizeof(ItemsHead) + i * sizeof(Item), sizeof item);
          if (!sink(static_cast<const Item&>(item))) return false;
        }
        return true;
      });
    }

   private:
    friend class ViewSet;
    struct Partition;
    Reader(const ViewSet& set, std::size_t at, std::unique_lock<std::mutex> lock)
        : set_(set), at_(at), lock_(std::move(lock)) {}
    template <class View> [[nodiscard]] std::size_t number_of() const {
      const auto number = set_.find(View::name);
      PARLANCE_ASSERT(number.has_value(), "a view is read where it is registered");
      return *number;
    }
    template <class Row> static std::uint8_t* as_row_bytes(Row& row) {
      return reinterpret_cast<std::uint8_t*>(&row);
    }
    const ViewSet& set_;
    std::size_t at_;
    std::unique_lock<std::mutex> lock_;
  };
  [[nodiscard]] Reader read(PartitionId partition) const;

 private:
  struct Quarantine {
    Offset offset;
    std::uint16_t event;
    std::string rule;
  };
  struct ViewState {
    RowFamily* family = nullptr;
    std::string family_name;
    KeyedRows keyed;
    std::vector<StreamBlock*> dirty_streams;
    RowHash hash;  ///< of all rows as stored
    std::uint64_t quarantined = 0;
    std::vector<Quarantine> unstored;
    LogState resume;  ///< what its rows had applied at the start: it takes no part below resume.next
  };
  struct Partition {
    Partition(PartitionId number, std::span<const std::uint32_t> row_bytes, std::size_t views)
        : id(number), streams(row_bytes), states(views) {}
    const PartitionId id;
    mutable std::mutex mutex;  ///< guards what follows, up to the applying thread's own
    StreamRows streams;
    std::vector<ViewState> states;
    mutable std::vector<StreamBlock*> pending;  ///< out of the index
    std::optional<Error> error;
    std::atomic<Offset> next = 0;
    // The applying thread's own:
    LogState log;
    /// The store failed inside an envelope: memory is neither stored nor applied to any more.
    bool half_applied = false;
    Offset resumed_at = 0;  ///< from here on all views take part
    Offset stored_next = ~Offset{0};
    std::optional<PassedStates> passed;  ///< by which a claim is checked
  };

  ViewSet(const EventLog& log, const std::vector<View>& views, StreamIndex* index, std::size_t indexed);
  [[nodiscard]] Partition& at(PartitionId partition) { return *partitions_[partition]; }
  [[nodiscard]] const Partition& at(PartitionId partition) const { return *partitions_[partition]; }
  [[nodiscard]] Result<void> load(Partition& p);
  [[nodiscard]] Result<void> load_index(Partition& p);
  [[nodiscard]] std::optional<Error> check_last_record(const LogState& state) const;
  [[nodiscard]] std::optional<Error> newer_kind(const Partition& p, const KindSet& kinds,
                                                Offset offset) const;
  [[nodiscard]] std::optional<Error> apply_record(Partition& p, Offset offset, ByteView bytes);
  [[nodiscard]] std::optional<Error> apply_envelope(Partition& p, Offset offset, const Envelope& envelope,
                                                    std::uint32_t views);
  [[nodiscard]] std::uint32_t taking_part(const Partition& p, Offset offset) const;
  void load_stream_row(Partition& p, std::size_t view, StreamBlock& block);
  void apply_event(Partition& p, std::size_t view, Offset offset, std::uint16_t number,
                   const StreamEvent& event, const EventAt& at, StreamBlock* block);
  void quarantine(Partition& p, std::size_t view, Offset offset, std::uint16_t event, std::string rule);
  void sync_index(const Partition& p) const;
  [[nodiscard]] Result<void> store(Partition& p, std::size_t view);
  [[nodiscard]] Result<bool> stream_row(std::size_t partition, std::size_t view, const StreamKey& key,
                                        std::span<std::uint8_t> out) const;
  [[nodiscard]] Result<bool> keyed_row(std::size_t partition, std::size_t view, const RowKey& key,
                                       std::span<std::uint8_t> out) const;
  [[nodiscard]] Result<void> scan(std::size_t partition, std::size_t view, const RowKey& from,
                                  const RowKey& to,
                                  const std::function<bool(ByteView, ByteView)>& sink) const;

  const EventLog& log_;
  std::vector<Projection> projections_;
  StreamIndex* index_;
  std::size_t indexed_;
  KindMask handled_;  ///< by any view
  KindSet known_kinds_;
  std::vector<std::unique_ptr<Partition>> partitions_;
  std::size_t dirty_bytes_ = 0;
  Bytes before_;  ///< a stream row before the event
};

}  // namespace parlance
