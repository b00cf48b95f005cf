// Any bytes at all as a row, or a row's key, of the fold store; the first byte says of which kind. What reads has one form from its
// first writing on.
#include <algorithm>

#include "engine/base/assert.h"
#include "engine/runtime/fold_rows.h"
#include "engine/runtime/history.h"
#include "engine/runtime/routing_rows.h"
#include "engine/runtime/speculation.h"
#include "engine/runtime/state_rows.h"

using namespace parlance;

namespace {

template <class State> void check_state(ByteView row) {
  using States = StreamStates<State>;
  const auto read = States::parse(row);
  if (!read) return;
  const Bytes written = States::row(*read);
  const auto again = States::parse(written);
  PARLANCE_ASSERT(again && States::row(*again) == written, "a state survives writing and reading");
}

template <class Read, class Write> void check(ByteView row, Read read, Write write) {
  const auto value = read(row);
  if (!value) return;
  const Bytes written = write(*value);
  const auto again = read(ByteView(written));
  PARLANCE_ASSERT(again && write(*again) == written, "a row survives writing and reading");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const ByteView row(data + 1, size - 1);
  switch (data[0] % 17) {
    case 0: check_state<conversation::State>(row); break;
    case 1: check_state<subject::State>(row); break;
    case 2: check_state<settings::State>(row); break;
    case 3: check_state<desk::State>(row); break;
    case 4: check_state<adoption::State>(row); break;
    case 5: check_state<draft::State>(row); break;
    case 6: check_state<routing::State>(row); break;
    case 7:
      check(
          row, [](ByteView bytes) { return history::read_block(1, bytes); }, history::write_block);
      break;
    case 8: check(row, routing_rows::read_entry, routing_rows::write_entry); break;
    case 9: check(row, routing_rows::read_agent, routing_rows::write_agent); break;
    case 10: check(row, routing_rows::read_owed, routing_rows::write_owed); break;
    case 11: (void)routing_rows::write_trail(routing_rows::read_trail(row)); break;
    case 12:
      if (const auto due = fold_rows::read_timer_key(row))
        PARLANCE_ASSERT(
            std::ranges::equal(fold_rows::timer_key(static_cast<PartitionId>(row[0] << 8 | row[1]),
                                                    due->timer.due, due->stream, due->timer.kind),
                               row),
            "a timer's key has one form");
      break;
    case 13:
      if (const auto held = fold_rows::read_held_timer_key(row))
        PARLANCE_ASSERT(
            std::ranges::equal(
                fold_rows::held_timer_key(static_cast<PartitionId>(row[0] << 8 | row[1]), held->import,
                                          held->timer.timer.due, held->timer.stream, held->timer.timer.kind),
                row),
            "a held timer's key has one form");
      break;
    case 14: (void)fold_rows::read_redacting(row.first(row.size() / 2), row.subspan(row.size() / 2)); break;
    case 15: {
      const Bytes written = fold_rows::write_drafts(fold_rows::read_drafts(row));
      PARLANCE_ASSERT(written.size() <= row.size() && std::ranges::equal(written, row.first(written.size())),
                      "drafts are read from the front");
      break;
    }
    case 16: {
      ByteWriter out;
      for (const auto& c : fold_rows::read_conversations(row)) fold_rows::write_conversation(out, c);
      const Bytes written = out.take();
      PARLANCE_ASSERT(written.size() <= row.size() && std::ranges::equal(written, row.first(written.size())),
                      "conversations are read from the front");
      break;
    }
  }
  return 0;
}
