// Any texts at all as what a client says over its WebSocket, one a line: each is answered with JSON or nothing, or the stream is closed
// with a code, and nobody else hears of it. A line that begins with '+' is a record written meanwhile instead.
#include "adapters/http/json.h"
#include "engine/base/assert.h"
#include "tests/adapters/http/live_world.h"

using namespace parlance;
using namespace parlance::http;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  http::tests::LiveWorld world;
  auto peer = world.client();
  auto other = world.client(2);
  (void)world.subscribe(other, "x", 1);
  (void)other.stream->take();
  (void)peer.stream->take();
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  std::size_t written = 0;
  for (std::size_t lines = 0; !rest.empty() && lines < 32 && !peer.stream->closed; ++lines) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string line(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.starts_with('+')) {
      world.world.write(static_cast<PartitionId>(line.size() % 2),
                        http::tests::conversation(2 + line.size() % 3));
      ++written;
      world.advance();
      world.time.advance(1'000);
      world.executor.run();
      continue;
    }
    peer.handler->on_text(line);
    world.executor.run();
    for (const std::string& text : peer.stream->texts)
      PARLANCE_ASSERT(parse_json(text).has_value(), "what a client is told is JSON");
    (void)peer.stream->take();
  }
  if (written == 0) {
    for (const std::string& text : other.stream->texts)
      PARLANCE_ASSERT(text.find("viewers") != std::string::npos || text.find("presence") != std::string::npos,
                      "others hear of who is there at most");
  }
  PARLANCE_ASSERT(!other.stream->closed, "others go on");
  peer.handler->on_close();
  other.handler->on_close();
  world.executor.run();
  return 0;
}
