// What does it cost to keep a personal field apart from its event?
//
// Workload: 256 bytes of text, one capsule after the other on one thread, fresh salt from a seeded generator (the
// system's random bytes are the port's cost, not the capsule's). Then the whole way through the door over a vault and a
// keyring in memory: 10,000 conversations in turn, so that rows come from the door's cache, and 100,000, so that most
// do not.
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <time.h>
#include <vector>

#include "adapters/memory/memory_keys.h"
#include "adapters/memory/memory_log.h"
#include "adapters/memory/seeded_random.h"
#include "engine/runtime/capsule.h"
#include "engine/runtime/door.h"

using namespace parlance;

namespace {

/// This thread's processor time: what others do on the machine is not asked.
double cpu_us() {
  timespec at{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
  return static_cast<double>(at.tv_sec) * 1e6 + static_cast<double>(at.tv_nsec) / 1e3;
}

template <class Work> void answer(const char* what, int times, Work work) {
  const double start = cpu_us();
  for (int i = 0; i < times; ++i) work(i);
  std::printf("%-62s %8.2f us\n", what, (cpu_us() - start) / times);
}

}  // namespace

int main() {
  constexpr int times = 500'000;
  const Key key{1, 2, 3};
  const CapsuleContext context{.workspace = WorkspaceId::from(RawId{1, 2})};
  const Bytes text(256, 'x');
  SeededRandom random(1);

  Bytes stored;
  std::uint64_t seen = 0;
  answer("seal 256 bytes: derive a key, encrypt, digest", times, [&](int) {
    std::array<std::uint8_t, salt_bytes> salt;
    random.fill(salt);
    stored = seal_capsule(key, context, text, salt);
    seen += sha256(stored)[0];
  });
  answer("open 256 bytes: digest, derive a key, decrypt", times, [&](int) {
    seen += sha256(stored)[0];
    seen += open_capsule(key, context, stored)->front();
  });

  MemoryKeys keys(1);
  MemoryVault vault(std::make_shared<MemoryLogStorage>(MemoryLogOptions{}));
  Door door(vault, keys, random);
  const auto workspace = WorkspaceId::from(RawId{1, 1});
  const Principal agent{{ActorKind::agent, RawId{1, 1}}, Role::agent};
  std::vector<Sealed> fields;
  const auto grow = [&](int i) {
    const auto at = static_cast<std::uint64_t>(i);
    const auto made =
        door.make_row(workspace, RowKind::author, RawId{2, at}, ConversationId::from(RawId{3, at}));
    Personal<std::string> field(std::string(256, 'x'), made->reference, FieldClass::content);
    const auto capsule = door.seal(workspace, {EnvelopeId::from(RawId{4, at}), 0}, field);
    if (!vault.write({made->stored, *capsule}, {})) std::abort();
    fields.push_back(field.sealed());
  };
  const auto open = [&](int i) {
    const auto opened = door.open<std::string>(agent, Purpose::support, workspace,
                                               fields[static_cast<std::size_t>(i) % fields.size()]);
    seen += std::get<std::string>(opened).size();
  };
  answer("the door: make a row, seal a field under it, store both", 10'000, grow);
  answer("the door: open a field of one of 10,000 conversations", 200'000, open);
  for (int i = 10'000; i < 100'000; ++i) grow(i);
  answer("the door: open a field of one of 100,000 conversations", 200'000, open);
  return seen == 0;
}
