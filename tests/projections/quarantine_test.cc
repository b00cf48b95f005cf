#include "tests/projections/served.h"

using namespace parlance;
using namespace parlance::tests;

namespace {
ViewStatus status(const Served& s, std::string_view view, PartitionId partition = 0) {
  for (const ViewStatus& found : s.views->status())
    if (found.view == view && found.partition == partition) return found;
  return {};
}
}  // namespace

TEST_CASE("an event that a view cannot apply is quarantined, and the view goes on degraded") {
  Served s(1, 1);
  Shop::Conversation stranger{ConversationId::from({1, 77}), {}, 4, {}};
  s.shop.append(stranger, {conversation::NoteAdded{.at = monday}});
  const auto& c = s.shop.opened_with_message();
  CHECK(s.ticket(c.id).received == 1);

  CHECK(status(s, "ticket").health == Health::degraded);
  CHECK(status(s, "ticket").quarantined == 1);
  CHECK(status(s, "queue").health == Health::ok);
  const auto check_listed = [&] {
    const auto listed = s.views->quarantined("ticket");
    REQUIRE(listed->size() == 1);
    CHECK((*listed)[0].partition == 0);
    CHECK((*listed)[0].offset == 1);
    CHECK((*listed)[0].event == 0);
    CHECK((*listed)[0].rule == "ticket.conversation_unknown");
  };
  check_listed();
  REQUIRE(s.views->flush().has_value());
  check_listed();
  s.reopen();
  check_listed();
  CHECK(status(s, "ticket").quarantined == 1);
  for (const auto& compared : must(s.views->verify("ticket"))) CHECK(compared.equal());
  CHECK(s.views->quarantined("nothing").error().code == Errc::not_found);
}

TEST_CASE("an accepted envelope that does not decode is quarantined by every view") {
  Served s(1, 1);
  KindSet kinds;
  kinds.add(0x0101);
  s.shop.log.write(0, as_bytes("no envelope"), kinds);
  const auto& c = s.shop.opened_with_message();
  CHECK(s.ticket(c.id).received == 1);
  for (const ViewStatus& view : s.views->status()) {
    CHECK(view.health == Health::degraded);
    CHECK(view.quarantined == 1);
    CHECK(view.lag == 0);
  }
  const auto listed = s.views->quarantined("facts");
  REQUIRE(listed->size() == 1);
  CHECK_FALSE((*listed)[0].event.has_value());
}

TEST_CASE("an event kind of a newer program stops the views, and is never skipped") {
  Served s(1, 1);
  s.shop.opened_with_message();
  KindSet kinds;
  kinds.add(0x0609);
  const Offset newer = s.shop.log.write(0, as_bytes("whatever it holds"), kinds);
  s.shop.opened_with_message();
  s.apply_all();
  CHECK(s.views->applied() == std::vector<Position>{{1, 0, newer - 1}});
  CHECK(status(s, "ticket").health == Health::stopped);
  REQUIRE(status(s, "ticket").error.has_value());
  CHECK(status(s, "ticket").error->code == Errc::newer);
  CHECK(status(s, "ticket").lag == 3);
}

TEST_CASE("a newer program's event kind stops the views also where a known one hides it in the frame") {
  KindSet known;
  for (EventKind kind = 0x0100; kind < 0x1000; ++kind)
    if (kind_name(kind) != "unknown") known.add(kind);
  Served s(1, 1);
  const auto& c = s.shop.opened_with_message();
  Envelope envelope{.id = EnvelopeId::from({1, 999}), .workspace = tests::workspace, .recorded_at = monday};
  envelope.events.push_back({.stream = {Category::conversation, c.id},
                             .version = 99,
                             .occurred_at = monday,
                             .body = conversation::Woken{.at = monday}});
  const EventKind kind = kind_of(envelope.events[0].body);
  const Bytes body = encode_envelope(envelope);
  int tried = 0;
  for (unsigned member = 0xff; member > 0 && tried < 5; --member) {
    const auto newer = static_cast<EventKind>((kind & 0xff00U) | member);
    if (kind_name(newer) != "unknown" || !known.may_hold(newer)) continue;
    for (std::size_t at = 0; at + 1 < body.size(); ++at) {
      if (ByteReader(ByteView(body).subspan(at)).le<std::uint16_t>() != kind) continue;
      Bytes changed = body;
      changed[at] = static_cast<std::uint8_t>(member);
      const auto decoded = decode_envelope(changed);
      if (decoded || decoded.error().code != Errc::newer) continue;
      ++tried;
      KindSet kinds;
      kinds.add(newer);
      Served other(1, 1);
      other.shop.opened_with_message();
      const Offset offset = other.shop.log.write(0, changed, kinds);
      other.apply_all();
      CHECK(other.views->applied() == std::vector<Position>{{1, 0, offset - 1}});
      CHECK(status(other, "facts").health == Health::stopped);
      CHECK(status(other, "facts").error->code == Errc::newer);
    }
  }
  CHECK(tried > 0);
}

TEST_CASE("a damaged record stops its partition, the others go on") {
  Served s(1, 2);
  for (int i = 0; i < 20; ++i) s.shop.opened_with_message();
  Bytes damaged = s.shop.log.storage().bytes(0, 3);
  damaged[damaged.size() / 2] ^= 1;
  s.shop.log.storage().overwrite(0, 3, damaged);
  s.apply_all();
  CHECK(status(s, "ticket", 0).health == Health::stopped);
  CHECK(status(s, "ticket", 0).error->rule == "log.corrupt");
  CHECK(status(s, "ticket", 0).applied == 3);
  CHECK(status(s, "ticket", 1).health == Health::ok);
  CHECK(status(s, "ticket", 1).lag == 0);
}

TEST_CASE("a log that lost what was applied is not followed") {
  Served s(1, 1);
  for (int i = 0; i < 5; ++i) s.shop.opened_with_message();
  s.apply_all();
  REQUIRE(s.views->flush().has_value());
  SUBCASE("its end is gone") { s.shop.log.storage().truncate(0, 4); }
  SUBCASE("its last record is another one") {
    const Offset last = s.shop.log.log().end(0) - 1;
    s.shop.log.storage().overwrite(0, last, s.shop.log.storage().bytes(0, last - 1));
  }
  s.reopen();
  CHECK(status(s, "ticket").health == Health::stopped);
  CHECK(status(s, "ticket").error->rule == "log.loss");
  CHECK(s.views->apply_available(s.shop.now).value() == 0);
}

TEST_CASE("a log that does not answer stops nothing for good") {
  Served s(1, 1);
  const auto& c = s.shop.opened_with_message();
  s.shop.log.storage().fail_reads(unavailable("test.no_answer"));
  CHECK(s.views->apply_available(s.shop.now).value() == 0);
  CHECK(status(s, "ticket").health == Health::stopped);
  s.shop.log.storage().fail_reads(std::nullopt);
  CHECK(s.ticket(c.id).received == 1);
  CHECK(status(s, "ticket").health == Health::ok);
}
