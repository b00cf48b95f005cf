#include "schemas/frame.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "engine/base/assert.h"

namespace parlance {
namespace {

constexpr std::size_t log_id_at = 8;
constexpr std::size_t length_at = 88;
constexpr std::size_t checksum_at = 92;
static_assert(checksum_at + sizeof(std::uint32_t) == frame_bytes);

constexpr std::uint8_t seal_flag = 1;
constexpr std::uint8_t genesis_flag = 2;
constexpr std::uint8_t copied_flag = 4;

template <class T> T value_at(ByteView bytes, std::size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

std::uint32_t checksum(ByteView record, ByteView body) {
  return crc32(body, crc32(record.first(checksum_at)));
}

Frame read_frame(ByteView bytes) {
  ByteReader in(bytes.subspan(frame_magic.size()));
  Frame frame;
  frame.kind = in.le<RecordKind>();
  frame.format = in.le<std::uint8_t>();
  frame.partition = in.le<PartitionId>();
  frame.log = in.id_of<LogId>();
  frame.epoch = in.le<std::uint64_t>();
  frame.seq = in.le<std::uint64_t>();
  std::ranges::copy(in.take(frame.prev.size()), frame.prev.begin());
  std::ranges::copy(in.take(frame.kinds.bits.size()), frame.kinds.bits.begin());
  return frame;
}

}  // namespace

Bytes encode_record(const Frame& frame, ByteView body) {
  PARLANCE_ASSERT(body.size() <= body_bytes_max, "a record's body is within its bound");
  Bytes out(frame_bytes + body.size());
  auto* at = out.data();
  const auto put = [&at](const void* from, std::size_t n) {
    std::memcpy(at, from, n);
    at += n;
  };
  const auto put_value = [&put](auto value) { put(&value, sizeof value); };
  put(frame_magic.data(), frame_magic.size());
  put_value(frame.kind);
  put_value(frame.format);
  put_value(frame.partition);
  put(frame.log.bytes().data(), 16);
  put_value(frame.epoch);
  put_value(frame.seq);
  put(frame.prev.data(), frame.prev.size());
  put(frame.kinds.bits.data(), frame.kinds.bits.size());
  put_value(static_cast<std::uint32_t>(body.size()));
  put_value(checksum(out, body));
  if (!body.empty()) put(body.data(), body.size());
  return out;
}

Result<std::optional<ParsedRecord>> parse_record(LogId log, ByteView bytes) {
  const bool ours = bytes.size() >= log_id_at + 16 &&
                    std::ranges::equal(bytes.first(frame_magic.size()), frame_magic) &&
                    RawId::from_bytes(bytes.subspan(log_id_at).first<16>()) == log;
  if (!ours) return std::nullopt;
  if (bytes.size() < frame_bytes) return corrupt("log.corrupt", "a record is shorter than its frame");
  const ByteView body = bytes.subspan(frame_bytes);
  if (value_at<std::uint32_t>(bytes, length_at) != body.size())
    return corrupt("log.corrupt", "a record is not as long as its frame says");
  if (value_at<std::uint32_t>(bytes, checksum_at) != checksum(bytes, body))
    return corrupt("log.corrupt", "a record's checksum does not fit");
  return ParsedRecord{read_frame(bytes), body};
}

Bytes encode_claim(const Claim& claim) {
  PARLANCE_ASSERT(claim.copied_from.size() <= std::numeric_limits<std::uint16_t>::max(),
                  "a copy's old heads are at most as many as partitions");
  ByteWriter out;
  out.id(claim.nonce).le(claim.seen.next).le(claim.seen.seq).raw(claim.seen.chain);
  unsigned flags = claim.seal ? seal_flag : 0U;
  if (claim.genesis) flags |= genesis_flag;
  if (!claim.copied_from.empty()) flags |= copied_flag;
  out.le(static_cast<std::uint8_t>(flags));
  if (claim.genesis)
    out.le(claim.genesis->generation)
        .le(claim.genesis->first_slot)
        .le(claim.genesis->slots)
        .raw(claim.genesis->address_key);
  if (!claim.copied_from.empty()) {
    out.le(static_cast<std::uint16_t>(claim.copied_from.size()));
    for (const OldHead& head : claim.copied_from) out.id(head.log).le(head.partition).raw(head.chain);
  }
  return out.take();
}

Result<Claim> decode_claim(ByteView body) {
  ByteReader in(body);
  const auto copy_into = [&in](auto& to) { std::ranges::copy(in.take(to.size()), to.begin()); };
  Claim claim;
  claim.nonce = in.id();
  claim.seen.next = in.le<Offset>();
  claim.seen.seq = in.le<std::uint64_t>();
  copy_into(claim.seen.chain);
  const auto flags = in.le<std::uint8_t>();
  claim.seal = (flags & seal_flag) != 0;
  if ((flags & genesis_flag) != 0) {
    Genesis& genesis = claim.genesis.emplace();
    genesis.generation = in.le<std::uint32_t>();
    genesis.first_slot = in.le<std::uint16_t>();
    genesis.slots = in.le<std::uint16_t>();
    copy_into(genesis.address_key);
  }
  bool exact = (flags & ~(seal_flag | genesis_flag | copied_flag)) == 0;
  if ((flags & copied_flag) != 0) {
    const auto count = in.le<std::uint16_t>();
    exact = exact && count > 0;
    for (std::uint16_t i = 0; i < count && in.ok(); ++i) {
      OldHead& head = claim.copied_from.emplace_back();
      head.log = in.id_of<LogId>();
      head.partition = in.le<PartitionId>();
      copy_into(head.chain);
    }
  }
  if (!exact || !in.at_end()) return corrupt("log.corrupt", "a claim's body is not a claim");
  return claim;
}

}  // namespace parlance
