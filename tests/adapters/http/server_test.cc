#include "adapters/http/server.h"

#include <algorithm>
#include <arpa/inet.h>
#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <netinet/in.h>
#include <new>
#include <optional>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <doctest/doctest.h>

#include "tests/support/print.h"

using namespace parlance;
using namespace parlance::http;

namespace {

constexpr std::uint64_t sink_bytes_max = 300'000;

/// What the sinks of one server were given, and what became of them.
struct Taken {
  std::atomic<std::size_t> bytes{0};
  std::atomic<std::size_t> pieces{0};
  std::atomic<int> begun{0};
  std::atomic<int> ended{0};
  std::atomic<int> gone{0};
  std::atomic<std::size_t> refuse_at{~std::size_t{0}};
};

/// Until the number is what is wanted; a test that waits for ever is ended by its time limit.
template <typename Number> void wait_for(const std::atomic<Number>& number, const auto& wanted) {
  for (Number now = number; !wanted(now); now = number) number.wait(now);
}

class Sink final : public BodySink {
 public:
  Sink(Taken& taken, Respond respond) : taken_(taken), respond_(std::move(respond)) { taken_.begun += 1; }
  ~Sink() override {
    taken_.gone += 1;
    taken_.gone.notify_all();
  }
  std::uint64_t bytes_max() const override { return sink_bytes_max; }
  bool take(std::string_view piece) override {
    taken_.pieces += 1;
    taken_.bytes += piece.size();
    taken_.bytes.notify_all();
    if (taken_.bytes < taken_.refuse_at) return true;
    respond_({.status = 422, .body = "{}"});
    return false;
  }
  void end() override {
    taken_.ended += 1;
    respond_({.status = 201, .body = std::to_string(taken_.bytes.load())});
  }

 private:
  Taken& taken_;
  Respond respond_;
};

/// A body of `size` bytes, which fails at `fails_at`.
class Source final : public BodySource {
 public:
  Source(std::uint64_t size, std::uint64_t fails_at) : size_(size), fails_at_(fails_at) {}
  std::uint64_t size() const override { return size_; }
  Result<std::string> next() override {
    if (at_ >= fails_at_) return corrupt("test.broken");
    const auto piece = static_cast<std::size_t>(std::min<std::uint64_t>(10'000, size_ - at_));
    at_ += piece;
    return std::string(piece, 'y');
  }

 private:
  std::uint64_t size_, fails_at_, at_ = 0;
};

class Running {
 public:
  explicit Running(ServerLimits limits = {}) {
    auto listening = Server::listen(
        io_, "127.0.0.1:0", limits,
        [](HttpRequest request, Respond respond) {
          HttpResponse out;
          out.body = request.method + " " + request.path + " " + std::to_string(request.body.size());
          if (request.path == "/large") out.source = std::make_shared<Source>(250'000, ~std::uint64_t{0});
          if (request.path == "/broken") out.source = std::make_shared<Source>(250'000, 100'000);
          if (request.path == "/no-memory") throw std::bad_alloc();
          if (request.path == "/no-memory-any-more") {
            respond(std::move(out));
            throw std::bad_alloc();
          }
          if (request.path == "/nothing") out.source = std::make_shared<Source>(0, 0);
          respond(std::move(out));
        },
        [this](const HttpRequest& head,
               const std::function<Respond()>& make) -> std::optional<std::shared_ptr<BodySink>> {
          if (head.path == "/refused") {
            make()({.status = 403, .body = "{}"});
            return nullptr;
          }
          if (head.path != "/upload") return std::nullopt;
          return std::make_shared<Sink>(taken, make());
        });
    REQUIRE(listening);
    server_ = std::move(*listening);
    server_->start();
    for (int i = 0; i < 2; ++i) threads_.emplace_back([this] { io_.run(); });
  }
  ~Running() {
    if (!stopped_) stop(0);
    work_.reset();
    io_.stop();
    for (std::thread& thread : threads_) thread.join();
  }
  /// Milliseconds it took.
  std::int64_t stop(std::int64_t within_ms) {
    const auto start = std::chrono::steady_clock::now();
    std::promise<void> done;
    server_->stop(within_ms, [&] { done.set_value(); });
    done.get_future().wait();
    stopped_ = true;
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start)
        .count();
  }
  [[nodiscard]] std::uint16_t port() const {
    const std::string address = server_->address();
    return static_cast<std::uint16_t>(std::stoul(address.substr(address.rfind(':') + 1)));
  }
  Taken taken;

 private:
  boost::asio::io_context io_;
  std::optional<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> work_{
      boost::asio::make_work_guard(io_)};
  std::unique_ptr<Server> server_;
  std::vector<std::thread> threads_;
  bool stopped_ = false;
};

class Client {
 public:
  explicit Client(const Running& server) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(server.port());
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0);
  }
  ~Client() { close(); }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  /// False once the other side takes no more.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }
  /// One answer, whole by its length, or as far as it came.
  std::string answer() {
    for (;;) {
      const std::size_t end = held_.find("\r\n\r\n");
      if (end != std::string::npos) {
        const std::size_t at = held_.find("Content-Length: ");
        const std::size_t length = at < end ? std::stoul(held_.substr(at + 16)) : 0;
        if (held_.size() >= end + 4 + length) {
          const std::string one = held_.substr(0, end + 4 + length);
          held_.erase(0, one.size());
          return one;
        }
      }
      if (!more()) return std::exchange(held_, {});
    }
  }
  [[nodiscard]] bool at_end() { return held_.empty() && !more(); }

 private:
  bool more() {
    char buffer[16'384];
    const ssize_t n = ::recv(fd_, buffer, sizeof buffer, 0);
    if (n <= 0) return false;
    held_.append(buffer, static_cast<std::size_t>(n));
    return true;
  }
  int fd_;
  std::string held_;
};

std::string post(std::string_view path, std::size_t length, std::string_view more = "") {
  return "POST " + std::string(path) + " HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(length) +
         "\r\n" + std::string(more) + "\r\n";
}
bool says(const std::string& answer, std::string_view what) { return answer.find(what) != std::string::npos; }

}  // namespace

TEST_CASE("a body is taken in pieces, and the connection goes on with the next request") {
  Running server;
  Client client(server);
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{65'536}, std::size_t{300'000}}) {
    CAPTURE(size);
    server.taken.bytes = 0;
    REQUIRE(client.send(post("/upload", size) + std::string(size, 'x')));
    const std::string answer = client.answer();
    CHECK(says(answer, "HTTP/1.1 201"));
    CHECK(answer.ends_with("\r\n\r\n" + std::to_string(size)));
  }
  REQUIRE(client.send(
      "POST /upload HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"));
  CHECK(says(client.answer(), "HTTP/1.1 201"));
  REQUIRE(client.send(post("/whole", 3) + "abc"));
  CHECK(client.answer().ends_with("POST /whole 3"));
  CHECK(server.taken.ended.load() == 5);
  CHECK(server.taken.pieces.load() >= 7);
  wait_for(server.taken.gone, [](int gone) { return gone == 5; });
}

TEST_CASE("a client that waits to be told to send is told, unless it is refused") {
  Running server;
  Client client(server);
  REQUIRE(client.send(post("/upload", 5, "Expect: 100-continue\r\n")));
  CHECK(says(client.answer(), "HTTP/1.1 100"));
  REQUIRE(client.send("hello"));
  CHECK(says(client.answer(), "HTTP/1.1 201"));
  REQUIRE(client.send(post("/upload", sink_bytes_max + 1, "Expect: 100-continue\r\n")));
  CHECK(says(client.answer(), "HTTP/1.1 413"));
  CHECK(client.at_end());
}

TEST_CASE("a body beyond the limit is refused, by its length or as it comes, and the answer is not lost") {
  Running server;
  const std::string much(4'000'000, 'x');
  {
    Client client(server);
    (void)client.send(post("/upload", much.size()) + much);
    CHECK(says(client.answer(), "HTTP/1.1 413"));
  }
  CHECK(server.taken.pieces.load() == 0);
  {
    Client client(server);
    (void)client.send("POST /upload HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3d0900\r\n" +
                      much);
    CHECK(says(client.answer(), "HTTP/1.1 413"));
  }
  CHECK(server.taken.bytes.load() <= sink_bytes_max);
  server.taken.bytes = 0;
  server.taken.refuse_at = 1000;
  {
    Client client(server);
    (void)client.send(post("/upload", 250'000) + std::string(250'000, 'x'));
    CHECK(says(client.answer(), "HTTP/1.1 422"));
    CHECK(client.at_end());
  }
  CHECK(server.taken.ended.load() == 0);
  wait_for(server.taken.gone, [&](int gone) { return gone == server.taken.begun; });
}

TEST_CASE("a route that refuses at once answers before the body") {
  Running server;
  Client client(server);
  (void)client.send(post("/refused", 5) + "hello");
  CHECK(says(client.answer(), "HTTP/1.1 403"));
  CHECK(client.at_end());
}

TEST_CASE("a body that stalls, or drips on too long, is answered with 408") {
  for (const bool drips : {false, true}) {
    CAPTURE(drips);
    ServerLimits limits;
    limits.piece_ms = drips ? 5000 : 50;
    limits.upload_ms = drips ? 50 : 5000;
    Running server(limits);
    Client client(server);
    REQUIRE(client.send(post("/upload", 10) + "half"));
    CHECK(says(client.answer(), "HTTP/1.1 408"));
    CHECK(client.at_end());
    CHECK(server.taken.ended.load() == 0);
    wait_for(server.taken.gone, [](int gone) { return gone == 1; });
  }
}

TEST_CASE("a client that goes away in the middle takes its sink along") {
  Running server;
  Client client(server);
  REQUIRE(client.send(post("/upload", 200'000) + std::string(100'000, 'x')));
  wait_for(server.taken.bytes, [](std::size_t bytes) { return bytes > 0; });
  client.close();
  wait_for(server.taken.gone, [](int gone) { return gone == 1; });
  CHECK(server.taken.ended.load() == 0);
}

TEST_CASE("malformed chunks end the body") {
  Running server;
  Client client(server);
  REQUIRE(client.send(
      "POST /upload HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n"));
  CHECK(says(client.answer(), "HTTP/1.1 400"));
  CHECK(server.taken.ended.load() == 0);
}

TEST_CASE("without the memory for a request it is answered so, and everybody else goes on") {
  Running server;
  Client other(server);
  other.send(post("/x", 0));
  CHECK(says(other.answer(), "200 OK"));
  for (int i = 0; i < 3; ++i) {
    Client client(server);
    client.send("GET /no-memory HTTP/1.1\r\nHost: x\r\n\r\n");
    const std::string answer = client.answer();
    CHECK(says(answer, "503 Service Unavailable"));
    CHECK(says(answer, "Retry-After: 1"));
    CHECK(says(answer, "out of memory"));
    CHECK(client.at_end());
  }
  Client answered(server);
  answered.send("GET /no-memory-any-more HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(says(answered.answer(), "200 OK"));
  other.send(post("/x", 0));
  CHECK(says(other.answer(), "200 OK"));
}

TEST_CASE("a large answer is given in pieces, whole, and without a body to HEAD") {
  Running server;
  Client client(server);
  for (int i = 0; i < 3; ++i) {
    REQUIRE(client.send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n"));
    const std::string answer = client.answer();
    CHECK(says(answer, "Content-Length: 250000"));
    CHECK(answer.ends_with(std::string(250'000, 'y')));
  }
  REQUIRE(client.send("GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n"));
  CHECK(says(client.answer(), "Content-Length: 0"));
  REQUIRE(client.send("HEAD /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
  const std::string head = client.answer();
  CHECK(says(head, "Content-Length: 250000"));
  CHECK(head.ends_with("\r\n\r\n"));
}

TEST_CASE("an answer that breaks off never looks whole") {
  Running server;
  Client client(server);
  REQUIRE(client.send("GET /broken HTTP/1.1\r\nHost: x\r\n\r\n"));
  const std::string answer = client.answer();
  CHECK(says(answer, "Content-Length: 250000"));
  CHECK(answer.size() < 250'000);
  CHECK(client.at_end());
}

TEST_CASE("stopping waits for what is under way as long as it is told, then closes it") {
  Running server;
  Client client(server);
  REQUIRE(client.send(post("/upload", 10) + "half"));
  wait_for(server.taken.bytes, [](std::size_t bytes) { return bytes == 4; });
  const std::int64_t took = server.stop(100);
  CHECK(took >= 100);
  CHECK(took < 3000);
  CHECK(server.taken.gone.load() == 1);
  CHECK(client.at_end());
}
