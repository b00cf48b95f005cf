#pragma once
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/base/fault_point.h"
#include "engine/domain/conversation.h"
#include "engine/ports/row_store.h"
#include "engine/runtime/fold_rows.h"
#include "engine/runtime/state_rows.h"

/// What an owner knows beyond the certain rows of the fold store: rows and states as they will be once its envelopes in flight are
/// accepted. On a doubt all of it is dropped. An entry remembers the last ticket that changed it and may go once that one is
/// certain and written down. Single-threaded.
namespace parlance {

using Ticket = std::uint64_t;

/// Plain rows.
class SpeculativeRows {
 public:
  explicit SpeculativeRows(RowFamily& certain) : certain_(certain) {}

  [[nodiscard]] Result<std::optional<Bytes>> get(const Bytes& key) const {
    const auto it = rows_.find(as_text(key));
    if (it != rows_.end()) return it->second.value;
    return certain_.get(key);
  }
  void put(const Bytes& key, std::optional<Bytes> value, Ticket ticket) {
    rows_.insert_or_assign(std::string(as_text(key)), Held{std::move(value), ticket});
  }
  /// `key`'s change of `ticket` has been written down.
  void written(const Bytes& key, Ticket ticket) {
    const auto it = rows_.find(as_text(key));
    if (it != rows_.end() && it->second.ticket <= ticket) rows_.erase(it);
  }
  void drop() { rows_.clear(); }

 private:
  struct Held {
    std::optional<Bytes> value;
    Ticket ticket;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  RowFamily& certain_;
  std::unordered_map<std::string, Held, Hash, std::equal_to<>> rows_;
};

/// A stream's state with what the deciders' owner must know beside it.
template <class State> struct StreamState {
  WorkspaceId workspace;
  Version version = 0;
  ImportId import;     ///< under which its timers lie; zero: under none
  bool lived = false;  ///< something happened to it that was not a line of an import
  State state;
  std::optional<Preview>
      preview;  ///< the conversation's last one in the clear, where it is known; never stored
  Ticket ticket = 0;
};

/// What a state has beside its row: nothing, unless an overload says otherwise.
template <class State>
[[nodiscard]] Result<void> read_parts(const RowFamily&, PartitionId, const StreamId&, StreamState<State>&) {
  return {};
}

/// The states of one category's streams.
template <class State> class StreamStates {
 public:
  StreamStates(RowFamily& certain, PartitionId partition, std::size_t states_max)
      : certain_(certain), partition_(partition), states_max_(states_max) {}

  /// The state as it will be; a stream that is not there has version 0. Valid until the next call that may evict.
  [[nodiscard]] Result<StreamState<State>*> load(const StreamId& stream) {
    if (const auto it = states_.find(stream); it != states_.end()) return &it->second;
    auto row = certain_.get(fold_rows::stream_key(partition_, stream));
    if (!row) return row.error();
    StreamState<State> loaded;
    if (*row) {
      auto parsed = parse(**row);
      if (!parsed) return parsed.error();
      loaded = std::move(*parsed);
      if (auto whole = read_parts(certain_, partition_, stream, loaded); !whole) return whole.error();
    }
    return &states_.insert_or_assign(stream, std::move(loaded)).first->second;
  }
  [[nodiscard]] static Result<StreamState<State>> parse(ByteView row) {
    ByteReader in(row);
    StreamState<State> out;
    out.workspace = in.id_of<WorkspaceId>();
    out.version = in.le<Version>();
    out.import = in.id_of<ImportId>();
    out.lived = in.le<std::uint8_t>() != 0;
    read_row(in, out.state);
    if (!in.at_end())
      return corrupt("fold_store.row_malformed", "a stream's state does not read; fold it again");
    return out;
  }
  [[nodiscard]] static Bytes row(const StreamState<State>& held) {
    ByteWriter out;
    out.id(held.workspace).le(held.version).id(held.import).le(static_cast<std::uint8_t>(held.lived));
    write_row(out, held.state);
    return out.take();
  }
  void drop() { states_.clear(); }
  /// Keeps memory bounded: drops states whose changes up to `certain` are all written down.
  void evict(Ticket certain) {
    const bool all = fault_point_taken("fold.forget_states");
    if (states_.size() < states_max_ && !all) return;
    const std::size_t left = all ? 0 : states_max_ * 3 / 4;
    for (auto it = states_.begin(); it != states_.end() && states_.size() > left;)
      it = it->second.ticket <= certain ? states_.erase(it) : std::next(it);
  }

 private:
  RowFamily& certain_;
  PartitionId partition_;
  std::size_t states_max_;
  std::unordered_map<StreamId, StreamState<State>> states_;
};

}  // namespace parlance
