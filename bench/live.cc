// How long does it take from a command until everybody who watches has been told?
//
// Workload: 200 WebSocket subscribers (or as many as the first argument says), each to the shared list of what to do next, to the
// queues' figures, and to one of 20 conversations; an agent replies in these in turn, 50 times a second for 8 seconds. A reply is
// synced, applied to every view, worked out and pushed; the time runs from before the request is sent until the frame with the
// reply is read. Lists coalesce: of two replies in one conversation within a round a list shows the last, which alone counts there.
// Beside it, in the same run, a bare Beast server that on a word from outside pushes frames of the same size to the same number of
// the same sockets, with nothing else to do: the path's limit. Clients and servers share the machine.
//
//   live [SUBSCRIBERS [REPLIES_PER_SECOND]]
//
// PARLANCE_PROGRAM names the server's program; without it, parlance in the folder above this one's.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <signal.h>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>

#include "bench/http_load.h"
#include "tests/support/temp_dir.h"

using namespace parlance::bench;
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace ws = boost::beast::websocket;
using tcp = asio::ip::tcp;
using Time = std::chrono::steady_clock::time_point;
using Milliseconds = std::chrono::duration<double, std::milli>;

namespace {

constexpr double turn_s = 8;
constexpr std::size_t conversations = 20;
constexpr std::string_view mark = "mark-";

Time now() { return std::chrono::steady_clock::now(); }

// ---- the baseline: on "N" pushes its frames with the mark N ----

struct BareSession : std::enable_shared_from_this<BareSession> {
  ws::stream<beast::tcp_stream> socket;
  beast::flat_buffer buffer;
  std::deque<std::shared_ptr<const std::string>> queue;
  explicit BareSession(tcp::socket s) : socket(std::move(s)) {}
  void push(std::shared_ptr<const std::string> text) {
    asio::post(socket.get_executor(), [self = shared_from_this(), text = std::move(text)]() mutable {
      self->queue.push_back(std::move(text));
      if (self->queue.size() == 1) self->write();
    });
  }
  void write() {
    socket.async_write(asio::buffer(*queue.front()),
                       [self = shared_from_this()](beast::error_code error, std::size_t) {
                         if (error) return;
                         self->queue.pop_front();
                         if (!self->queue.empty()) self->write();
                       });
  }
};
struct BareServer {
  asio::io_context io{2};
  tcp::acceptor acceptor{io, {asio::ip::make_address("127.0.0.1"), 0}};
  std::mutex mutex;  // guards sessions
  std::vector<std::shared_ptr<BareSession>> sessions;
  std::size_t list_bytes = 0, item_bytes = 0;

  void accept() {
    acceptor.async_accept(asio::make_strand(io), [this](beast::error_code error, tcp::socket socket) {
      if (error) return;
      socket.set_option(tcp::no_delay(true));
      auto session = std::make_shared<BareSession>(std::move(socket));
      session->socket.async_accept([this, session](beast::error_code e) {
        if (e) return;
        {
          const std::lock_guard lock(mutex);
          sessions.push_back(session);
        }
        read(session);
      });
      accept();
    });
  }
  void read(const std::shared_ptr<BareSession>& session) {
    session->socket.async_read(session->buffer, [this, session](beast::error_code error, std::size_t) {
      if (error) return;
      const std::string word = beast::buffers_to_string(session->buffer.data());
      session->buffer.consume(session->buffer.size());
      if (word.starts_with("push ")) push(std::stoul(word.substr(5)));
      read(session);
    });
  }
  void push(std::size_t number) {
    const auto frame = [&](std::string_view kind, std::size_t bytes) {
      std::string text = std::string(kind) + " " + std::string(mark) + std::to_string(number) + " ";
      if (text.size() < bytes) text.append(bytes - text.size(), 'x');
      return std::make_shared<const std::string>(std::move(text));
    };
    const auto list = frame("list", list_bytes), item = frame("item", item_bytes);
    const std::lock_guard lock(mutex);
    for (std::size_t i = 1; i < sessions.size(); ++i) {  // the first is the one who says so
      sessions[i]->push(list);
      if (i % conversations == number % conversations) sessions[i]->push(item);
    }
  }
};
[[noreturn]] void bare_server(int port_pipe, std::size_t list_bytes, std::size_t item_bytes) {
  BareServer server;
  server.list_bytes = list_bytes;
  server.item_bytes = item_bytes;
  const std::string port = std::to_string(server.acceptor.local_endpoint().port()) + "\n";
  if (::write(port_pipe, port.data(), port.size()) < 0) std::exit(1);
  server.accept();
  std::thread second([&] { server.io.run(); });
  server.io.run();
  std::exit(0);
}

// ---- the subscribers ----

struct Times {
  std::vector<Time> sent;
  std::vector<double> list_ms, item_ms;
  std::size_t list_bytes = 0, list_frames = 0, item_bytes = 0, item_frames = 0;
};

struct Subscriber : std::enable_shared_from_this<Subscriber> {
  ws::stream<beast::tcp_stream> socket;
  beast::flat_buffer buffer;
  Times& times;
  Subscriber(asio::io_context& io, Times& t) : socket(io), times(t) {}
  void open(unsigned short port, const std::string& token) {
    beast::get_lowest_layer(socket).connect({asio::ip::make_address("127.0.0.1"), port});
    beast::get_lowest_layer(socket).socket().set_option(tcp::no_delay(true));
    socket.set_option(ws::stream_base::decorator([token](ws::request_type& request) {
      request.set(http::field::authorization, "Bearer " + token);
      request.set("Sec-WebSocket-Protocol", "parlance.v1");
    }));
    socket.read_message_max(16 << 20);
    socket.handshake("127.0.0.1:" + std::to_string(port), "/v1/live");
  }
  void say(const std::string& text) { socket.write(asio::buffer(text)); }
  std::string hear() {
    socket.read(buffer);
    std::string text = beast::buffers_to_string(buffer.data());
    buffer.consume(buffer.size());
    return text;
  }
  void read() {
    socket.async_read(buffer, [self = shared_from_this()](beast::error_code error, std::size_t) {
      if (error) return;
      self->received(now());
      self->buffer.consume(self->buffer.size());
      self->read();
    });
  }
  void received(Time at) {
    const auto data = buffer.data();
    const std::string_view text(static_cast<const char*>(data.data()), data.size());
    const bool item = text.find("\"items\":") != std::string_view::npos || text.starts_with("item");
    const bool list =
        !item && (text.find("\"upserts\":") != std::string_view::npos || text.starts_with("list"));
    if (!item && !list) return;
    (item ? times.item_bytes : times.list_bytes) += text.size();
    ++(item ? times.item_frames : times.list_frames);
    // An item's frame says it in the item and, as the preview, in the ticket: only the items count.
    std::size_t from = item ? std::min(text.find("\"items\":"), text.size()) : 0;
    if (from == text.size()) from = 0;
    for (std::size_t found = text.find(mark, from); found != std::string_view::npos;
         found = text.find(mark, found + 1)) {
      const std::size_t number = std::strtoul(text.data() + found + mark.size(), nullptr, 10);
      if (number >= times.sent.size()) continue;
      const double ms = Milliseconds(at - times.sent[number]).count();
      (item ? times.item_ms : times.list_ms).push_back(ms);
    }
  }
};

/// Sends at the given pace, from a thread of its own, while the subscribers read.
void run(asio::io_context& io, Times& times, double per_second,
         const std::function<void(std::size_t)>& send) {
  const auto count = static_cast<std::size_t>(turn_s * per_second);
  times.sent.assign(count, {});
  std::thread sender([&] {
    const Time begin = now();
    for (std::size_t n = 0; n < count; ++n) {
      std::this_thread::sleep_until(begin +
                                    std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                                        std::chrono::duration<double>(static_cast<double>(n) / per_second)));
      times.sent[n] = now();
      send(n);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    io.stop();
  });
  io.run();
  sender.join();
}

double part(std::vector<double>& all, double share) {
  if (all.empty()) return 0;
  std::ranges::sort(all);
  return all[static_cast<std::size_t>(share * static_cast<double>(all.size() - 1))];
}
void print(const char* what, Times& times) {
  std::printf(
      "%-44s to those at it  p50 %6.2f ms  p99 %6.2f ms  (%zu)   in lists  p50 %6.2f ms  p99 %6.2f ms  "
      "(%zu)\n",
      what, part(times.item_ms, 0.5), part(times.item_ms, 0.99), times.item_ms.size(),
      part(times.list_ms, 0.5), part(times.list_ms, 0.99), times.list_ms.size());
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t subscribers = argc > 1 ? static_cast<std::size_t>(std::atoi(argv[1])) : 200;
  const double per_second = argc > 2 ? std::atof(argv[2]) : 50;
  ::setenv("TMPDIR", "/var/tmp", 0);  // on a disk: a sync in memory costs nothing
  const parlance::tests::TempDir dir;
  Server server = serve(dir / "data");

  Times ours;
  {
    std::vector<std::string> ids;
    for (std::size_t c = 0; c < conversations; ++c)
      ids.push_back(member(
          ask(server.port, post("/v1/inbound", server.token,
                                R"({"channel":"chat","account":"shop","message_id":"b)" + std::to_string(c) +
                                    R"(","from":{"address":"buyer)" + std::to_string(c) +
                                    R"(","name":"Ann Buyer"},"text":"Where is my parcel?"})")),
          "conversation"));
    asio::io_context io;
    std::vector<std::shared_ptr<Subscriber>> all;
    for (std::size_t s = 0; s < subscribers; ++s) {
      auto one = std::make_shared<Subscriber>(io, ours);
      one->open(server.port, server.token);
      one->say(R"({"op":"subscribe","id":"l","what":"list"})");
      (void)one->hear();
      one->say(R"({"op":"subscribe","id":"q","what":"queues"})");
      (void)one->hear();
      one->say(R"({"op":"subscribe","id":"c","what":"conversation","conversation":")" +
               ids[s % conversations] + "\"}");
      (void)one->hear();
      all.push_back(one);
    }
    for (const auto& one : all) one->read();
    run(io, ours, per_second, [&](std::size_t n) {
      (void)ask(server.port,
                post("/v1/conversations/" + ids[n % conversations] + "/reply", server.token,
                     R"({"text":")" + std::string(mark) + std::to_string(n) + R"( is on its way to you."})"));
    });
  }
  server.process.end(SIGTERM);

  Times bare;
  {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) return 1;
    const pid_t other = ::fork();
    if (other == 0)
      bare_server(ends[1], ours.list_bytes / std::max<std::size_t>(1, ours.list_frames),
                  ours.item_bytes / std::max<std::size_t>(1, ours.item_frames));
    std::string text(16, '\0');
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(0, ::read(ends[0], text.data(), text.size()))));
    const auto bare_port = static_cast<unsigned short>(std::atoi(text.c_str()));
    asio::io_context io, control_io;
    Times nothing;
    Subscriber control(control_io, nothing);
    control.open(bare_port, "");
    std::vector<std::shared_ptr<Subscriber>> all;
    for (std::size_t s = 0; s < subscribers; ++s) {
      auto one = std::make_shared<Subscriber>(io, bare);
      one->open(bare_port, "");
      all.push_back(one);
    }
    for (const auto& one : all) one->read();
    run(io, bare, per_second, [&](std::size_t n) { control.say("push " + std::to_string(n)); });
    ::kill(other, SIGKILL);
    ::waitpid(other, nullptr, 0);
  }

  std::printf("%zu subscribers, %.0f replies a second for %.0f s; frames of %zu and %zu bytes\n", subscribers,
              per_second, turn_s, ours.item_bytes / std::max<std::size_t>(1, ours.item_frames),
              ours.list_bytes / std::max<std::size_t>(1, ours.list_frames));
  print("bare Beast server, frames of that size", bare);
  print("from the command to the subscriber", ours);
  return 0;
}
