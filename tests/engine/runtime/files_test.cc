#include "engine/runtime/files.h"

#include <map>
#include <optional>

#include <doctest/doctest.h>

#include "adapters/memory/memory_blobs.h"
#include "adapters/memory/memory_keys.h"
#include "adapters/memory/memory_log.h"
#include "adapters/memory/seeded_random.h"
#include "tests/support/manual_executor.h"
#include "tests/support/print.h"

using namespace parlance;

namespace {

const auto workspace = WorkspaceId::from(RawId{0, 77});
const auto ada = SubjectId::from(RawId{5, 5});
const auto conversation = ConversationId::from(RawId{6, 6});
const Actor kim{ActorKind::agent, RawId{1, 1}};
const Actor lee{ActorKind::agent, RawId{1, 2}};
const Principal kim_herself{kim, Role::agent};
constexpr std::int64_t hour = 3'600'000;
constexpr std::uint32_t day = 20'000;

/// Files over ports in memory, and the messages that have some of them.
struct Cabinet {
  explicit Cabinet(FilesLimits limits_in = {}) : limits(limits_in) { restart(); }

  tests::VirtualTime time{Instant{1'764'000'000'000}};
  std::shared_ptr<MemoryLogStorage> log =
      std::make_shared<MemoryLogStorage>(MemoryLogOptions{.id = LogId::from({1, 1})});
  std::shared_ptr<MemoryBlobStorage> storage = std::make_shared<MemoryBlobStorage>();
  MemoryKeys keys{7};
  SeededRandom random{1};
  FilesLimits limits;
  std::optional<MemoryVault> vault;
  std::optional<MemoryBlobs> blobs;
  std::optional<Door> door;
  std::optional<Files> files;
  std::multimap<AttachmentId, Sealed> messages;
  std::uint16_t capsules = 0;

  void restart() {
    files.reset();
    door.reset();
    vault.emplace(log);
    blobs.emplace(storage);
    door.emplace(*vault, keys, random);
    files.emplace(Files::Ports{*blobs, *door, *vault, random, time}, limits);
  }
  ReferenceId author() {
    const auto made = door->make_row(workspace, RowKind::author, ada, conversation).value();
    REQUIRE(vault->write({made.stored}, {}));
    return made.reference;
  }
  Files::NewFile described(ReferenceId requester = {}, Actor actor = kim) const {
    return {.workspace = workspace,
            .actor = actor,
            .conversation = requester ? conversation : ConversationId{},
            .requester = requester,
            .name = "label.pdf",
            .type = "application/pdf"};
  }
  Files::Stored upload(std::string_view content, ReferenceId requester = {}) {
    auto upload = files->begin(described(requester));
    REQUIRE(upload);
    REQUIRE((*upload)->add(as_bytes(content)));
    const auto stored = (*upload)->finish();
    REQUIRE(stored);
    return *stored;
  }
  std::string attach_rule(AttachmentId id, const Actor& actor = kim, ConversationId on = conversation) {
    const auto attached = files->attach(workspace, actor, id, on);
    return attached ? "attached" : std::string(attached.error().rule);
  }
  /// A message under `reference` that has the file.
  void send(AttachmentId id, ReferenceId reference) {
    const auto attached = files->attach(workspace, kim, id, conversation);
    REQUIRE(attached);
    Personal<Attachments> field({*attached}, reference, FieldClass::attachment);
    const auto row = door->seal(workspace, {EnvelopeId::from({8, 8}), capsules++}, field);
    REQUIRE(row);
    REQUIRE(vault->write({*row}, {}));
    messages.emplace(id, field.sealed());
  }
  /// The content by the message's capsule, or why not.
  std::string read(AttachmentId id) {
    const auto message = messages.find(id);
    REQUIRE(message != messages.end());
    auto opened = door->open<Attachments>(kim_herself, Purpose::support, workspace, message->second);
    if (const auto* gone = std::get_if<Erased>(&opened)) return "erased " + std::to_string(gone->day);
    if (const auto* closed = std::get_if<Unavailable>(&opened)) return std::string(closed->error.rule);
    const Attachment& file = std::get<Attachments>(opened).front();
    const auto blob = files->open(workspace, id, *file.key);
    if (!blob) return std::string(blob.error().rule);
    return std::string(as_text(*blob->read(0)));
  }
  Files::Swept sweep(bool all = true) {
    const auto swept = files->sweep(
        all,
        [&](WorkspaceId, AttachmentId id) -> Result<std::vector<Sealed>> {
          std::vector<Sealed> out;
          const auto [begin, end] = messages.equal_range(id);
          for (auto it = begin; it != end; ++it) out.push_back(it->second);
          return out;
        },
        [] { return true; });
    REQUIRE(swept);
    return *swept;
  }
  [[nodiscard]] std::size_t kept() const { return storage->blobs.size(); }
  /// Key rows that are there.
  std::size_t rows() {
    std::size_t n = 0;
    REQUIRE(vault->scan(VaultFamily::rows, [&](ByteView, ByteView) {
      ++n;
      return true;
    }));
    return n;
  }
};

}  // namespace

TEST_CASE("an upload is attached by whom it belongs to, where it was meant for, within a day") {
  Cabinet desk;
  const auto requester = desk.author();
  const auto stored = desk.upload("content", requester);
  CHECK(stored.size == 7);
  CHECK(stored.sha256 == sha256(as_bytes("content")));
  CHECK(stored.expires_at - desk.time.now() == 24 * hour);
  const auto attached = desk.files->attach(workspace, kim, stored.id, conversation);
  REQUIRE(attached);
  CHECK(attached->name == "label.pdf");
  CHECK(attached->type == "application/pdf");
  CHECK(attached->size() == 7);
  CHECK(attached->data.empty());
  CHECK(desk.attach_rule(stored.id, lee) == "attachment.unknown");
  CHECK(desk.attach_rule(stored.id, kim, ConversationId::from(RawId{6, 7})) == "attachment.unknown");
  CHECK(desk.attach_rule(AttachmentId::from(RawId{stored.id.high, 1})) == "attachment.unknown");
  CHECK_FALSE(desk.files->attach(WorkspaceId::from(RawId{0, 78}), kim, stored.id, conversation));
  desk.restart();
  CHECK(desk.attach_rule(stored.id) == "attached");
  desk.time.advance(24 * hour + 1);
  CHECK(desk.attach_rule(stored.id) == "attachment.unknown");
}

TEST_CASE("the message's capsule alone opens the file, once its own row is gone") {
  Cabinet desk;
  const auto requester = desk.author();
  const auto stored = desk.upload("from outside");
  CHECK(desk.rows() == 2);
  desk.send(stored.id, requester);
  desk.files->attached(stored.id);
  desk.files->attached(stored.id);
  CHECK(desk.rows() == 1);
  CHECK(desk.attach_rule(stored.id) == "attachment.unknown");
  CHECK(desk.read(stored.id) == "from outside");
  desk.restart();
  CHECK(desk.read(stored.id) == "from outside");
}

TEST_CASE("erasing the person erases the file: waiting, attached, and after a restart") {
  for (const bool restarted : {false, true}) {
    Cabinet desk;
    const auto requester = desk.author();
    const auto waiting = desk.upload("waiting", requester);
    const auto sent = desk.upload("sent", requester);
    const auto from_outside = desk.upload("from outside");
    desk.send(sent.id, requester);
    desk.send(from_outside.id, requester);
    desk.files->attached(from_outside.id);
    REQUIRE(desk.door->destroy(std::array{requester}, day));
    if (restarted) desk.restart();
    CHECK(desk.attach_rule(waiting.id) == "attachment.unknown");
    CHECK(desk.attach_rule(sent.id) == "attachment.unknown");
    CHECK(desk.read(sent.id) == "erased 20000");
    CHECK(desk.read(from_outside.id) == "erased 20000");
    CHECK(desk.files->begin(desk.described(requester)).error().rule == "conversation.erased");
    CHECK(desk.kept() == 3);
    const auto swept = desk.sweep();
    CHECK(swept.erased == 2);
    CHECK(swept.unused == 1);
    CHECK(desk.kept() == 0);
  }
}

TEST_CASE("a file that two people's messages have goes with the last of them") {
  Cabinet desk;
  const auto one = desk.author(), two = desk.author();
  const auto file = desk.upload("to both", one);
  desk.send(file.id, one);
  desk.send(file.id, two);
  REQUIRE(desk.door->destroy(std::array{one}, day));
  CHECK(desk.sweep().erased == 0);
  CHECK(desk.kept() == 1);
  REQUIRE(desk.door->destroy(std::array{two}, day));
  CHECK(desk.sweep().erased == 1);
  CHECK(desk.kept() == 0);
}

TEST_CASE("redacting the last message that has a file removes the file") {
  Cabinet desk;
  const auto requester = desk.author();
  const auto file = desk.upload("too much", requester);
  const auto other = desk.upload("stays", requester);
  desk.send(file.id, requester);
  desk.send(other.id, requester);
  REQUIRE(desk.door->destroy_capsules(std::array{desk.messages.find(file.id)->second.capsule}, day));
  CHECK(desk.read(file.id) == "erased 20000");
  CHECK(desk.sweep().erased == 1);
  CHECK(desk.kept() == 1);
  CHECK(desk.read(other.id) == "stays");
}

TEST_CASE(
    "shredding a message with a file takes what waits under its author's key, and leaves what others have") {
  Cabinet desk;
  const ReferenceId requester = desk.author();
  const auto gone = desk.upload("4111", requester), stays = desk.upload("label", requester),
             waits = desk.upload("not sent yet", requester), waits_apart = desk.upload("for anybody");
  desk.send(gone.id, requester);
  desk.send(stays.id, requester);
  const auto held = [&](AttachmentId id) {
    return CapsuleHeld{desk.messages.find(id)->second, capsule_schema<Attachments>};
  };
  const auto key = std::get<KeyRow>(desk.door->row(workspace, requester)).files;
  REQUIRE(desk.door->shred(workspace, {{held(gone.id)}}, {{held(stays.id)}}, day));
  SUBCASE("at once") {}
  SUBCASE("after a restart") { desk.restart(); }
  CHECK(desk.read(gone.id) == "erased 20000");
  CHECK(desk.read(stays.id) == "label");
  CHECK(desk.attach_rule(waits.id) == "attachment.unknown");
  CHECK(desk.attach_rule(waits_apart.id) == "attached");
  CHECK(std::get<KeyRow>(desk.door->row(workspace, requester)).files != key);
  const auto again = desk.upload("once more", requester);
  desk.send(again.id, requester);
  CHECK(desk.read(again.id) == "once more");
  desk.sweep();
  CHECK(desk.attach_rule(gone.id) == "attachment.unknown");
  CHECK(desk.read(stays.id) == "label");
}

TEST_CASE("keys that cannot be had are never taken for an erasure") {
  Cabinet desk;
  const auto requester = desk.author();
  const auto waiting = desk.upload("waiting", requester);
  const auto file = desk.upload("content", requester);
  desk.send(file.id, requester);
  desk.restart();
  desk.keys.set_unavailable(true);
  CHECK(desk.attach_rule(waiting.id) == "keyring.unavailable");
  CHECK(desk.read(file.id) == "keyring.unavailable");
  CHECK(desk.files->begin(desk.described(requester)).error().code == Errc::unavailable);
  CHECK(desk.files->begin(desk.described()).error().code == Errc::unavailable);
  CHECK(desk.files->uploads() == 0);
  CHECK(desk.sweep().erased == 0);
  CHECK(desk.kept() == 2);
  desk.keys.set_unavailable(false);
  CHECK(desk.read(file.id) == "content");
}

TEST_CASE("what nobody attaches goes after a day and an hour, with its own row; what somebody has stays") {
  Cabinet desk;
  const auto requester = desk.author();
  const auto unused = desk.upload("unused", requester);
  (void)desk.upload("unused from outside");
  const auto used = desk.upload("used");
  desk.send(used.id, requester);
  desk.time.advance(25 * hour);
  CHECK(desk.sweep().unused == 0);
  // The command was certain, and a crash came before its row went.
  CHECK(desk.rows() == 2);
  desk.time.advance(1);
  CHECK(desk.sweep(false).unused == 2);
  CHECK(desk.kept() == 1);
  CHECK(desk.rows() == 1);
  CHECK(desk.read(used.id) == "used");
  CHECK(desk.attach_rule(unused.id) == "attachment.unknown");
  desk.time.advance(1000 * hour);
  CHECK(desk.sweep(false).seen == 0);
  CHECK(desk.sweep(true).seen == 1);
  CHECK(desk.read(used.id) == "used");
}

TEST_CASE("a file that a message takes while a sweep asks who has it stays") {
  Cabinet desk;
  const auto requester = desk.author();
  const auto file = desk.upload("just in time");
  const auto swept = desk.files->sweep(
      true,
      [&](WorkspaceId, AttachmentId) -> Result<std::vector<Sealed>> {
        desk.send(file.id, requester);
        desk.files->attached(file.id);
        return std::vector<Sealed>{};
      },
      [] { return true; });
  REQUIRE(swept);
  CHECK(swept->seen == 1);
  CHECK(swept->unused == 0);
  CHECK(desk.read(file.id) == "just in time");
}

TEST_CASE("an upload that is dropped leaves neither blob nor row") {
  Cabinet desk;
  {
    auto upload = desk.files->begin(desk.described());
    REQUIRE(upload);
    REQUIRE((*upload)->add(as_bytes("half")));
    CHECK(desk.files->uploads() == 1);
  }
  CHECK(desk.files->uploads() == 0);
  CHECK(desk.kept() == 0);
  CHECK(desk.rows() == 0);
  CHECK(desk.door->rows_held() == 0);
}

TEST_CASE("a file is at most as large as the limit, to the byte") {
  Cabinet desk({.bytes_max = 1000});
  auto upload = *desk.files->begin(desk.described());
  REQUIRE(upload->add(as_bytes(std::string(999, 'x'))));
  REQUIRE(upload->add(as_bytes("x")));
  CHECK(upload->add(as_bytes("x")).error().rule == "attachment.too_large");
  REQUIRE(upload->add({}));
  CHECK(upload->finish()->size == 1000);
}

TEST_CASE("uploads at once are bounded, and those that wait for a message") {
  Cabinet desk({.uploads_max = 2, .unused_bytes_max = 10});
  const auto requester = desk.author();
  auto one = desk.files->begin(desk.described());
  auto two = desk.files->begin(desk.described());
  REQUIRE(one);
  REQUIRE(two);
  CHECK(desk.files->begin(desk.described()).error().rule == "attachments.too_many_uploads");
  CHECK(desk.files->begin(desk.described({}, lee)).error().rule == "attachments.too_many_uploads");
  one->reset();
  two->reset();
  const auto file = desk.upload("0123456789");
  CHECK(desk.files->begin(desk.described()).error().rule == "attachments.no_room");
  desk.restart();
  (void)desk.sweep();  // as at each start
  CHECK(desk.files->begin(desk.described()).error().rule == "attachments.no_room");
  desk.send(file.id, requester);
  desk.files->attached(file.id);
  CHECK(desk.files->begin(desk.described()));
}

TEST_CASE("one actor's uploads leave places for the others") {
  Cabinet desk({.uploads_max = 5, .uploads_each_max = 2});
  auto one = desk.files->begin(desk.described());
  auto two = desk.files->begin(desk.described());
  CHECK(desk.files->begin(desk.described()).error().rule == "attachments.too_many_uploads");
  auto other = desk.files->begin(desk.described({}, lee));
  CHECK(other.has_value());
  one->reset();
  CHECK(desk.files->begin(desk.described()).has_value());
  CHECK(desk.files->uploads() == 2);
}

TEST_CASE("a full disk refuses the upload and keeps nothing of it") {
  Cabinet desk;
  desk.storage->room = 1000;
  auto upload = *desk.files->begin(desk.described());
  REQUIRE(upload->add(as_bytes("a little")));
  const auto finished = upload->finish();
  REQUIRE_FALSE(finished);
  CHECK(finished.error().rule == "blob.no_space");
  upload.reset();
  CHECK(desk.kept() == 0);
  CHECK(desk.rows() == 0);
  CHECK(desk.storage->room == 1000);
}

TEST_CASE("a sweep leaves alone what does not begin as a blob, and stops when told") {
  Cabinet desk;
  (void)desk.upload("whole");
  const auto noise = AttachmentId::from(RawId{1, 1});
  desk.storage->blobs[noise] = std::make_shared<const Bytes>(Bytes(5000, 7));
  desk.time.advance(26 * hour);
  const auto swept = desk.sweep();
  CHECK(swept.damaged == 1);
  CHECK(swept.unused == 1);
  CHECK(desk.kept() == 1);
  const auto stopped = desk.files->sweep(
      true, [](WorkspaceId, AttachmentId) -> Result<std::vector<Sealed>> { return std::vector<Sealed>{}; },
      [] { return false; });
  CHECK(stopped->seen == 0);
  const auto failed = desk.files->sweep(
      true,
      [](WorkspaceId, AttachmentId) -> Result<std::vector<Sealed>> { return unavailable("views.down"); },
      [] { return true; });
  CHECK(failed.has_value());
}
