#include "engine/runtime/log_reading.h"

#include "schemas/frame.h"

namespace parlance {

Result<std::optional<Envelope>> read_envelope(const EventLog& log, PartitionId partition, Offset offset) {
  std::optional<Result<Envelope>> found;
  auto read = log.read(partition, offset, 1, [&](const StoredRecord& record) {
    auto parsed = parse_record(log.id(), record.bytes);
    if (!parsed)
      found = parsed.error();
    else if (*parsed && (*parsed)->frame.kind == RecordKind::envelope)
      found = decode_envelope((*parsed)->body);
    return false;
  });
  if (!read) return read.error();
  if (!found) return std::optional<Envelope>{};
  if (!*found) return found->error();
  return std::optional<Envelope>(std::move(**found));
}

}  // namespace parlance
