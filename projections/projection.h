#pragma once
#include <array>
#include <cstdint>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <variant>

#include "projections/keyed_rows.h"
#include "projections/row.h"
#include "schemas/envelope.h"

/// The shape of a view: a struct like
///
///   struct NotesView {
///     static constexpr std::string_view name = "notes";
///     static constexpr std::uint32_t version = 1;          // another one: the view is built again from the log's start
///     struct StreamRow { std::uint32_t view_version; ... }; // optional: one for each stream, looked up before `on`
///     using Events = Handles<conversation::Opened, conversation::NoteAdded>;
///     static ApplyOutcome on(const conversation::Opened& e, const EventAt& at, Mine<StreamRow> mine, Rows& rows);
///     static ApplyOutcome on(const conversation::NoteAdded& e, const EventAt& at, Mine<StreamRow> mine, Rows& rows);
///   };
///
/// and one line in registry.cc. `on` sees events and its own rows: no clock, no other view, no I/O, no capsule. Without StreamRow
/// it has no third parameter.
namespace parlance {

/// What stands around an event.
struct EventAt {
  WorkspaceId workspace;
  EnvelopeId envelope;
  Actor actor;
  Instant recorded_at;
  StreamId stream;
  Version version = 0;
  Instant occurred_at;
  std::uint16_t index = 0;  ///< of the event in its envelope
};

/// What came of an event: applied, or the rule by which it cannot be: then the view's rows are as before it.
struct ApplyOutcome {
  std::string_view rule;
  [[nodiscard]] bool applied() const { return rule.empty(); }
};
inline constexpr ApplyOutcome applied{};
[[nodiscard]] constexpr ApplyOutcome cannot(std::string_view rule) { return {rule}; }

/// The events that a view handles; of the others it hears nothing.
template <class... Events> struct Handles {
  template <class E> static constexpr bool has = (std::is_same_v<E, Events> || ...);
};

/// All of a category: a view that says so does not compile until it handles what is added.
template <class Variant> struct HandlesAll;
template <class... Events> struct HandlesAll<std::variant<Events...>> : Handles<Events...> {};

/// The view's row of the event's own stream.
template <FixedRow Row> class Mine {
 public:
  Mine(Row& row, bool& exists, std::uint32_t version) : row_(row), exists_(exists), version_(version) {}
  [[nodiscard]] bool exists() const { return exists_; }
  Row* operator->() const { return &row_; }
  Row& operator*() const { return row_; }
  /// A fresh one, in place of any there was.
  Row& make() const {
    row_ = Row{};
    row_.view_version = version_;
    exists_ = true;
    return row_;
  }

 private:
  Row& row_;
  bool& exists_;
  std::uint32_t version_;
};

/// The view's other rows in the event's partition and workspace. References live until `on` returns.
class Rows {
 public:
  Rows(KeyedRows& rows, PartitionId partition, WorkspaceId workspace, const RowFamily* family,
       std::uint32_t version)
      : rows_(rows), family_(family), workspace_(workspace), version_(version), partition_(partition) {}
  /// A key of this workspace; tags from 1, one for each type of row.
  [[nodiscard]] RowKey key(std::uint8_t tag) const {
    PARLANCE_ASSERT(tag != 0, "tag 0 is for the rows of streams");
    return {workspace_, tag};
  }
  /// The row, made fresh where there is none.
  template <FixedRow Row> Row& at(const RowKey& key) {
    KeyedRows::Row& held = rows_.touch(key, partition_, family_);
    if (!held.exists) {
      Row fresh{};
      fresh.view_version = version_;
      held.resize(sizeof(Row));
      std::memcpy(held.data(), &fresh, sizeof fresh);
      held.exists = true;
    }
    check_size(held.size == sizeof(Row));
    return *std::launder(reinterpret_cast<Row*>(held.data()));
  }
  template <FixedRow Row> void erase(const RowKey& key) {
    rows_.touch(key, partition_, family_).exists = false;
  }

  /// A fresh item at the end of a row of items, which is made where there is none. The row has room for items_max<Item>.
  template <RowItem Item> Item& append(const RowKey& key) {
    KeyedRows::Row& held = rows_.touch(key, partition_, family_);
    if (!held.exists) {
      const ItemsHead head{version_};
      held.resize(sizeof head);
      std::memcpy(held.data(), &head, sizeof head);
      held.exists = true;
    }
    const std::size_t at = held.size;
    check_size(items_in<Item>(at).value_or(items_max<Item>) < items_max<Item>);
    held.resize(at + sizeof(Item));
    return *new (held.data() + at) Item{};
  }
  /// One that is there.
  template <RowItem Item> Item& item(const RowKey& key, std::size_t number) {
    KeyedRows::Row& held = rows_.touch(key, partition_, family_);
    const auto items = items_in<Item>(held.exists ? held.size : 0);
    check_size(items && number < *items);
    return *std::launder(reinterpret_cast<Item*>(held.data() + sizeof(ItemsHead) + number * sizeof(Item)));
  }

 private:
  static void check_size(bool right) {
    if (!right)
      throw RowStoreFailure{
          corrupt("views.row_size", "a stored row has another length than its view's rows have")};
  }
  KeyedRows& rows_;
  const RowFamily* family_;
  WorkspaceId workspace_;
  std::uint32_t version_;
  PartitionId partition_;
};

/// Event kinds by category and member, as AnyEvent holds them: the categories in their stored order, from 1.
static_assert(std::variant_size_v<AnyEvent> == static_cast<std::size_t>(Category::routing));
class KindMask {
 public:
  void add(std::size_t category, std::size_t member) { bits_[category] |= std::uint64_t{1} << member; }
  void add(const KindMask& other) {
    for (std::size_t c = 0; c < bits_.size(); ++c) bits_[c] |= other.bits_[c];
  }
  [[nodiscard]] bool has(std::size_t category, std::size_t member) const {
    return (bits_[category] >> member & 1) != 0;
  }
  /// The same as a frame tells them.
  [[nodiscard]] KindSet kinds() const {
    KindSet out;
    for (std::size_t c = 0; c < bits_.size(); ++c)
      for (std::size_t m = 0; m < 64; ++m)
        if (has(c, m)) out.add(static_cast<EventKind>((c + 1) << 8 | (m + 1)));
    return out;
  }

 private:
  std::array<std::uint64_t, std::variant_size_v<AnyEvent>> bits_{};
};

/// A view, as the runner sees it.
struct Projection {
  std::string_view name;
  std::uint32_t version = 1;
  std::uint32_t stream_row_bytes = 0;
  KindMask handles;
  /// `row` and `exists` are the view's row of the event's stream, null without one.
  ApplyOutcome (*apply)(const AnyEvent& event, const EventAt& at, void* row, bool* exists,
                        Rows& rows) = nullptr;
};

namespace detail {
template <class View> struct StreamRowOf {
  static constexpr std::uint32_t bytes = 0;
};
template <class View>
  requires requires { typename View::StreamRow; }
struct StreamRowOf<View> {
  static_assert(FixedRow<typename View::StreamRow>);
  static constexpr std::uint32_t bytes = sizeof(typename View::StreamRow);
};

template <class View>
ApplyOutcome apply_to(const AnyEvent& event, const EventAt& at, void* row, bool* exists, Rows& rows) {
  return std::visit(
      [&](const auto& of_category) {
        return std::visit(
            [&]<class E>(const E& e) -> ApplyOutcome {
              if constexpr (!View::Events::template has<E>) {
                return applied;
              } else if constexpr (StreamRowOf<View>::bytes == 0) {
                return View::on(e, at, rows);
              } else {
                using Row = typename View::StreamRow;
                return View::on(
                    e, at, Mine<Row>(*std::launder(static_cast<Row*>(row)), *exists, View::version), rows);
              }
            },
            of_category);
      },
      event);
}

template <class View, std::size_t C> void add_kinds(KindMask& mask) {
  using OfCategory = std::variant_alternative_t<C, AnyEvent>;
  [&]<std::size_t... M>(std::index_sequence<M...>) {
    ((View::Events::template has<std::variant_alternative_t<M, OfCategory>> ? mask.add(C, M) : void()), ...);
  }(std::make_index_sequence<std::variant_size_v<OfCategory>>{});
}
}  // namespace detail

/// Every kind that this program knows.
[[nodiscard]] inline KindMask known_kinds() {
  KindMask mask;
  [&]<std::size_t... C>(std::index_sequence<C...>) {
    const auto add = [&](std::size_t category, std::size_t members) {
      for (std::size_t m = 0; m < members; ++m) mask.add(category, m);
    };
    (add(C, std::variant_size_v<std::variant_alternative_t<C, AnyEvent>>), ...);
  }(std::make_index_sequence<std::variant_size_v<AnyEvent>>{});
  return mask;
}

template <class View> [[nodiscard]] Projection projection() {
  Projection p{View::name, View::version, detail::StreamRowOf<View>::bytes, {}, detail::apply_to<View>};
  [&]<std::size_t... C>(std::index_sequence<C...>) {
    (detail::add_kinds<View, C>(p.handles), ...);
  }(std::make_index_sequence<std::variant_size_v<AnyEvent>>{});
  return p;
}

}  // namespace parlance
