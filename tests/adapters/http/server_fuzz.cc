// Any bytes at all on a connection: heads, bodies, chunks, several requests, a request for a WebSocket and what is said there.
// The first byte says into how many pieces the bytes are cut. What comes back begins as an answer does, and the connection ends.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <optional>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include <boost/asio/io_context.hpp>

#include "adapters/http/server.h"
#include "adapters/http/stream.h"
#include "engine/base/assert.h"
#include "tests/support/memory_holds.h"

using namespace parlance;
using namespace parlance::http;

namespace {

/// Says back what it is told.
class Echo final : public StreamHandler {
 public:
  void on_open(std::shared_ptr<Stream> stream) override { stream_ = std::move(stream); }
  void on_text(std::string text) override {
    PARLANCE_ASSERT(text.size() <= 64 * 1024 &&
                        (text.empty() || text.find('\0') != std::string::npos || is_utf8_text(text)),
                    "a message is a text, and not long");
    stream_->send({.head = std::move(text), .body = nullptr, .tail = "", .resume = nullptr});
  }
  void on_drained() override {}
  void on_close() override { stream_.reset(); }

 private:
  std::shared_ptr<Stream> stream_;
};

class Sink final : public BodySink {
 public:
  explicit Sink(Respond respond) : respond_(std::move(respond)) {}
  std::uint64_t bytes_max() const override { return 5'000; }
  bool take(std::string_view piece) override {
    bytes_ += piece.size();
    PARLANCE_ASSERT(bytes_ <= bytes_max(), "a sink gets no more than it takes");
    return true;
  }
  void end() override { respond_({.status = 201, .body = std::to_string(bytes_)}); }

 private:
  Respond respond_;
  std::size_t bytes_ = 0;
};

struct Running {
  boost::asio::io_context io{1};
  std::unique_ptr<Server> server;
  sockaddr_in address{};

  Running() {
    ServerLimits limits;
    limits.linger_ms = 1;
    limits.stream.close_ms = limits.stream.cut_ms = 1;
    auto listening = Server::listen(
        io, "127.0.0.1:0", limits,
        [](HttpRequest request, Respond respond) {
          PARLANCE_ASSERT(request.path.starts_with('/'), "a path begins at the root");
          HttpResponse out;
          out.body = request.method + " " + std::to_string(request.body.size());
          if (request.path == "/live") {
            out.status = 101;
            out.stream = std::make_shared<Echo>();
          }
          respond(std::move(out));
        },
        [](const HttpRequest& head,
           const std::function<Respond()>& make) -> std::optional<std::shared_ptr<BodySink>> {
          if (head.path != "/upload") return std::nullopt;
          return std::make_shared<Sink>(make());
        });
    PARLANCE_ASSERT(listening.has_value(), "the server listens");
    server = std::move(*listening);
    server->start();
    const std::string text = server->address();
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(text.substr(text.rfind(':') + 1))));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  }
};

/// Runs what the server has to do now.
void run(Running& running) {
  while (running.io.poll() > 0) {
  }
}

/// A socket connected to `address`, from another address each time: one has no more ports than connections are remembered for a minute.
/// Less than 0 where it fails again and again, which is said.
int connected_to(const sockaddr_in& address) {
  static std::uint32_t connections = 0;
  for (int tries = 0; tries < 10; ++tries) {
    const int client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in from{};
    from.sin_family = AF_INET;
    from.sin_addr.s_addr = htonl((127U << 24) + 256 + connections++ % 50'000);
    if (client >= 0 && ::bind(client, reinterpret_cast<const sockaddr*>(&from), sizeof from) == 0 &&
        ::connect(client, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
      return client;
    std::perror("no connection to the server");
    if (client >= 0) (void)::close(client);
  }
  return -1;
}

/// One connection's whole life.
void talk(Running& running, const std::uint8_t* data, std::size_t size) {
  struct Closing {
    int fd;
    ~Closing() {
      if (fd >= 0) (void)::close(fd);
    }
  } socket{connected_to(running.address)};
  const int client = socket.fd;
  PARLANCE_ASSERT(client >= 0, "a connection");
  {
    const tests::MemoryHolds accepting;
    run(running);
  }
  const std::size_t pieces = 1 + data[0] % 4;
  const std::uint8_t* at = data + 1;
  std::size_t left = size - 1;
  for (std::size_t piece = pieces; piece > 0 && left > 0; --piece) {
    const std::size_t bytes = piece == 1 ? left : left / piece;
    const ssize_t sent = ::send(client, at, bytes, MSG_NOSIGNAL);
    if (sent < 0) break;  // it hung up, which is an answer too
    at += sent;
    left -= static_cast<std::size_t>(sent);
    run(running);
  }
  (void)::shutdown(client, SHUT_WR);
  run(running);
  std::string answer;
  for (std::string some(65'536, '\0');;) {
    const ssize_t got = ::recv(client, some.data(), some.size(), MSG_DONTWAIT);
    if (got <= 0) break;
    answer.append(some, 0, static_cast<std::size_t>(got));
    run(running);
  }
  PARLANCE_ASSERT(answer.empty() || answer.starts_with("HTTP/1.1 "), "an answer begins with its status");
  (void)::close(std::exchange(socket.fd, -1));
  for (int tries = 0; running.server->connections() > 0 && tries < 100; ++tries)
    (void)running.io.run_for(std::chrono::milliseconds(tries == 0 ? 0 : 1));
  PARLANCE_ASSERT(running.server->connections() == 0, "a connection that was closed ends");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > 60'000) return 0;
  // Kept from input to input; one that an exception went through is not believed any more.
  static std::optional<Running> kept;
  if (!kept) {
    const tests::MemoryHolds listening;
    kept.emplace();
  }
  try {
    talk(*kept, data, size);
  } catch (...) {
    kept.reset();
    throw;
  }
  return 0;
}
