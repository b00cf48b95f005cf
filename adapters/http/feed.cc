#include "adapters/http/feed.h"

#include <algorithm>
#include <deque>

#include "adapters/http/cursor.h"
#include "adapters/http/event_facts.h"

namespace parlance::http {
namespace {

constexpr std::size_t lane_records = 16;  ///< read ahead at a time

void write_varint(ByteWriter& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.le(static_cast<std::uint8_t>(value | 0x80));
  out.le(static_cast<std::uint8_t>(value));
}
std::uint64_t read_varint(ByteReader& in) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    const auto byte = in.le<std::uint8_t>();
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) return value;
  }
  return ~std::uint64_t{0};  // beyond every end
}

json::value id_of(const Actor& actor) {
  if (actor.kind == ActorKind::agent && actor.id) return json::value(to_text(AgentId::from(actor.id)));
  if (actor.kind == ActorKind::program && actor.id) return json::value(to_text(TokenId::from(actor.id)));
  return nullptr;
}

}  // namespace

LiveSource::Reach Feed::reach(const Offsets& known) const {
  LiveSource::Reach out;
  out.next.assign(log_.partitions(), 0);
  for (std::size_t p = 0; p < std::min(known.size(), out.next.size()); ++p) out.next[p] = known[p];
  for (const Position& applied : views_.applied()) {
    Offset& next = out.next[applied.partition];
    if (applied.offset + 1 <= next) continue;
    const auto folded = engine_.folded(applied.partition);
    if (!folded || *folded < applied.offset + 1) out.more_soon = true;
    if (folded) next = std::max(next, std::min(*folded, applied.offset + 1));
  }
  return out;
}

std::string Feed::about() const {
  return "place in " + to_text(log_.id()) + " " + std::to_string(log_.generation());
}

std::string Feed::cursor(const FeedPlace& place) const {
  ByteWriter out;
  for (const Offset offset : place.next) write_varint(out, offset);
  if (place.skip != 0) {
    write_varint(out, place.partition);
    write_varint(out, place.skip);
  }
  return make_cursor(engine_.keys().secret(SecretKey::session), about(), out.bytes());
}

Result<FeedPlace> Feed::read_cursor(std::string_view text) const {
  auto bytes = parlance::http::read_cursor(engine_.keys().secret(SecretKey::session), about(), text);
  if (!bytes) return bytes.error();
  const Error unknown = invalid("cursor.unknown", "not a cursor of this log; start again without it");
  ByteReader in(*bytes);
  FeedPlace place;
  for (PartitionId p = 0; p < log_.partitions(); ++p) place.next.push_back(read_varint(in));
  if (in.ok() && in.left() != 0) {
    const std::uint64_t partition = read_varint(in);
    const std::uint64_t skip = read_varint(in);
    if (partition >= log_.partitions() || skip > 0xFFFF) return unknown;
    place.partition = static_cast<PartitionId>(partition);
    place.skip = static_cast<std::uint16_t>(skip);
  }
  if (!in.at_end()) return unknown;
  for (PartitionId p = 0; p < log_.partitions(); ++p)
    if (const Offset end = log_.end(p); place.next[p] > end) {
      losses_.cursor("partition " + std::to_string(p) + " ends before offset " + std::to_string(end) +
                     ", and a cursor of the feed had come to " + std::to_string(place.next[p]));
      return invalid(
          "cursor.beyond_end",
          "the log ends before this cursor: it was replaced by an older copy; start again without it");
    }
  return place;
}

json::object Feed::json_of(const Item& item, std::string_view cursor) {
  const StreamEvent& event = item.event();
  return json::object{{"id", cursor},
                      {"position", to_text(item.position)},
                      {"envelope", to_text(item.envelope.id)},
                      {"index", item.index},
                      {"type", kind_name(kind_of(event.body))},
                      {"stream", stream_text(event.stream)},
                      {"version", std::to_string(event.version)},
                      {"occurred_at", to_rfc3339(event.occurred_at)},
                      {"recorded_at", to_rfc3339(item.envelope.recorded_at)},
                      {"actor", json::object{{"kind", to_text(item.envelope.actor.kind)},
                                             {"id", id_of(item.envelope.actor)}}},
                      {"data", event_facts(event.body)},
                      {"capsules", event_capsules(event.body)}};
}

/// What is read ahead of one partition.
struct Feed::Lane {
  PartitionId partition = 0;
  Offset next = 0, until = 0;
  struct Read {
    Offset offset = 0;
    std::optional<Envelope> envelope;  ///< none: nothing of it is asked for
  };
  std::deque<Read> ahead;
};

/// A record that does not count has left no trace in the history of the stream that it names.
Result<bool> Feed::accepted(const Position& position, const Envelope& envelope) const {
  const StreamEvent& first = envelope.events.front();
  const auto entry = engine_.history(first.stream, first.version, 1);
  if (!entry) return entry.error();
  return !entry->empty() && entry->front().version == first.version &&
         entry->front().offset == position.offset;
}

Result<void> Feed::fill(const FeedQuery& query, Lane& lane, std::size_t& records_left) const {
  const std::size_t limit =
      std::min({lane_records, records_left, static_cast<std::size_t>(lane.until - lane.next)});
  std::optional<Error> failed;
  const auto next = log_.read(lane.partition, lane.next, limit, [&](const StoredRecord& record) {
    const Position position{log_.generation(), lane.partition, record.offset};
    Lane::Read read{record.offset, std::nullopt};
    auto parsed = parse_record(log_.id(), record.bytes);
    if (!parsed) {
      failed = parsed.error();
      return false;
    }
    const bool envelope = *parsed && (*parsed)->frame.kind == RecordKind::envelope;
    const bool wanted =
        envelope && (query.kinds.empty() || std::ranges::any_of(query.kinds, [&](EventKind kind) {
                       return (*parsed)->frame.kinds.may_hold(kind);
                     }));
    if (wanted) {
      auto decoded = decode_envelope((*parsed)->body);
      if (!decoded) {
        // A newer program's event: nothing may be left out in silence. What cannot be verified has no events to tell.
        if (decoded.error().code == Errc::newer) {
          failed = decoded.error();
          return false;
        }
      } else if (decoded->workspace == query.workspace && !decoded->events.empty()) {
        const auto counts = accepted(position, *decoded);
        if (!counts) {
          failed = counts.error();
          return false;
        }
        if (*counts) read.envelope = std::move(*decoded);
      }
    }
    lane.ahead.push_back(std::move(read));
    return true;
  });
  if (failed) return *failed;
  if (!next) return next.error();
  records_left -= std::min(records_left, static_cast<std::size_t>(*next - lane.next));
  if (*next == lane.next)
    return corrupt("log.no_record",
                   "no record at " + to_text(Position{log_.generation(), lane.partition, lane.next}));
  lane.next = *next;
  return {};
}

bool Feed::at_end(const FeedPlace& place, const Offsets& until) {
  for (std::size_t p = 0; p < until.size(); ++p)
    if (place.next[p] < until[p]) return false;
  return true;
}

Result<void> Feed::read(const FeedQuery& query, FeedPlace& place, const Offsets& until,
                        std::size_t events_max, std::size_t records_max,
                        const std::function<void(const Item&, const FeedPlace& behind)>& sink) const {
  std::vector<Lane> lanes;
  for (PartitionId p = 0; p < log_.partitions(); ++p)
    if (place.next[p] < until[p]) lanes.push_back({p, place.next[p], until[p], {}});
  // Half told, and not applied again yet after a restart: nothing else comes in between.
  if (place.skip != 0 && place.next[place.partition] >= until[place.partition]) return {};
  std::size_t records_left = std::max(records_max, lanes.size());
  std::size_t events = 0;
  const auto asked_for = [&](const StreamEvent& event) {
    return query.kinds.empty() || std::ranges::binary_search(query.kinds, kind_of(event.body));
  };
  while (events < events_max) {
    // Every partition that has more must show its next record, or nobody knows which comes first.
    Lane* first = nullptr;
    Instant first_at;
    for (Lane& lane : lanes) {
      while (true) {
        // What is not asked for is passed at once.
        while (!lane.ahead.empty() && !lane.ahead.front().envelope) {
          place.next[lane.partition] = lane.ahead.front().offset + 1;
          if (place.partition == lane.partition) place.skip = 0;
          lane.ahead.pop_front();
        }
        if (!lane.ahead.empty() || lane.next >= lane.until) break;
        if (records_left == 0) return {};
        if (auto filled = fill(query, lane, records_left); !filled) return filled;
      }
      if (lane.ahead.empty()) continue;
      // One that is half told goes on first: a place stands inside one envelope only.
      const bool half_told = place.skip != 0 && place.partition == lane.partition;
      const Instant at = half_told ? Instant{} : lane.ahead.front().envelope->recorded_at;
      if (first == nullptr || at < first_at) {
        first = &lane;
        first_at = at;
      }
    }
    if (first == nullptr) return {};
    const Lane::Read& read = first->ahead.front();
    const Envelope& envelope = *read.envelope;
    const Position position{log_.generation(), first->partition, read.offset};
    const std::size_t from = place.partition == first->partition ? place.skip : 0;
    for (std::size_t i = from; i < envelope.events.size(); ++i) {
      const bool last = i + 1 == envelope.events.size();
      place.partition = last ? PartitionId{0} : first->partition;
      place.skip = last ? std::uint16_t{0} : static_cast<std::uint16_t>(i + 1);
      if (last) place.next[first->partition] = read.offset + 1;
      if (!asked_for(envelope.events[i])) continue;
      sink({position, envelope, static_cast<std::uint16_t>(i)}, place);
      if (++events == events_max) break;
    }
    if (place.skip != 0) return {};
    first->ahead.pop_front();
  }
  return {};
}

}  // namespace parlance::http
