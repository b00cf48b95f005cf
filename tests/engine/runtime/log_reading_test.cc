#include "engine/runtime/log_reading.h"

#include <doctest/doctest.h>

#include "schemas/frame.h"

using namespace parlance;

namespace {

/// A log of one record, or of an error.
class OneRecord final : public EventLog {
 public:
  OneRecord(Bytes bytes) : bytes_(std::move(bytes)) {}
  OneRecord(Error error) : error_(std::move(error)) {}
  LogId id() const override { return LogId::from({1, 2}); }
  std::uint32_t generation() const override { return 1; }
  PartitionId partitions() const override { return 1; }
  bool exclusive() const override { return true; }
  void append(PartitionId, std::vector<Record>, AppendDone) override {}
  Result<void> reopen(PartitionId) override { return {}; }
  Offset end(PartitionId) const override { return 1; }
  Result<Offset> read(PartitionId, Offset from, std::size_t, const RecordSink& sink) const override {
    if (error_) return *error_;
    if (from == 0) sink({0, bytes_});
    return Offset{1};
  }
  void on_advance(std::function<void(PartitionId)>) override {}
  std::optional<SealedMark> sealed_mark(PartitionId) const override { return std::nullopt; }

 private:
  Bytes bytes_;
  std::optional<Error> error_;
};

Bytes record(RecordKind kind, ByteView body) {
  Frame frame;
  frame.kind = kind;
  frame.log = LogId::from({1, 2});
  return encode_record(frame, body);
}

}  // namespace

TEST_CASE(
    "an envelope is read from its record; what is none, is of a later program or is damaged says which") {
  Envelope envelope;
  envelope.id = EnvelopeId::from({3, 4});
  const Bytes body = encode_envelope(envelope);
  const auto read = read_envelope(OneRecord(record(RecordKind::envelope, body)), 0, 0);
  REQUIRE(read.has_value());
  REQUIRE(read->has_value());
  CHECK((*read)->id == envelope.id);
  const auto beyond = read_envelope(OneRecord(record(RecordKind::envelope, body)), 0, 1);
  REQUIRE(beyond.has_value());
  CHECK_FALSE(beyond->has_value());
  const auto noise = read_envelope(OneRecord(Bytes(200, 7)), 0, 0);
  REQUIRE(noise.has_value());
  CHECK_FALSE(noise->has_value());
  const auto claim = read_envelope(OneRecord(record(RecordKind::claim, encode_claim({}))), 0, 0);
  REQUIRE(claim.has_value());
  CHECK_FALSE(claim->has_value());
  CHECK(read_envelope(OneRecord(record(RecordKind::envelope, Bytes(40, 1))), 0, 0).error().code ==
        Errc::corrupt);
  Bytes harmed = record(RecordKind::envelope, body);
  harmed.back() ^= 1;
  CHECK(read_envelope(OneRecord(std::move(harmed)), 0, 0).error().rule == "log.corrupt");
  CHECK(read_envelope(OneRecord(unavailable("log.io")), 0, 0).error().rule == "log.io");
}
