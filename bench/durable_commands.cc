// How many durable commands a second does the server take over HTTP?
//
// Workload: 64 keep-alive clients (or as many as the first argument says), each posting messages of about 170 bytes of its own customer to
// /v1/inbound, one after the other: each is an event that is synced before its 201. Beside it, in the same run and with the same requests, a bare
// Beast server that parses HTTP and answers fixed bytes: the path's limit. Both share the machine with the clients. Three turns
// each of three seconds; medians.
//
//   durable_commands [CLIENTS]
//
// PARLANCE_PROGRAM names the server's program; without it, parlance in the folder above this one's.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <memory>
#include <signal.h>
#include <sstream>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include "tests/support/temp_dir.h"

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;
using Seconds = std::chrono::duration<double>;

namespace {

constexpr double turn_s = 3;
constexpr int turns = 3;

// ---- the baseline: reads a POST, answers fixed bytes ----

struct BareSession : std::enable_shared_from_this<BareSession> {
  beast::tcp_stream stream;
  beast::flat_buffer buffer;
  http::request<http::string_body> request;
  http::response<http::string_body> response;
  explicit BareSession(tcp::socket socket) : stream(std::move(socket)) {}
  void read() {
    request = {};
    http::async_read(stream, buffer, request,
                     [self = shared_from_this()](beast::error_code error, std::size_t) {
                       if (!error) self->write();
                     });
  }
  void write() {
    response = {};
    response.version(11);
    response.keep_alive(request.keep_alive());
    response.result(http::status::ok);
    response.set(http::field::content_type, "application/json");
    response.body() = R"({"id":"cnv_0123456789abcdef","position":"1:3:12345"})";
    response.prepare_payload();
    http::async_write(stream, response, [self = shared_from_this()](beast::error_code error, std::size_t) {
      if (!error) self->read();
    });
  }
};
void accept(asio::io_context& io, tcp::acceptor& acceptor) {
  acceptor.async_accept(asio::make_strand(io), [&](beast::error_code error, tcp::socket socket) {
    if (!error) {
      socket.set_option(tcp::no_delay(true));
      std::make_shared<BareSession>(std::move(socket))->read();
    }
    accept(io, acceptor);
  });
}
[[noreturn]] void bare_server(int port_pipe) {
  asio::io_context io(2);
  tcp::acceptor acceptor(io, {asio::ip::make_address("127.0.0.1"), 0});
  const std::string port = std::to_string(acceptor.local_endpoint().port()) + "\n";
  if (::write(port_pipe, port.data(), port.size()) < 0) std::exit(1);
  accept(io, acceptor);
  std::thread second([&] { io.run(); });
  io.run();
  std::exit(0);
}

// ---- the clients ----

struct Client : std::enable_shared_from_this<Client> {
  tcp::socket socket;
  std::string token;
  unsigned number;
  std::vector<double>& latencies_ms;
  std::chrono::steady_clock::time_point until, sent;
  std::uint64_t count = 0;
  std::uint64_t& refused;
  std::string out;
  beast::flat_buffer buffer;
  http::response<http::string_body> response;
  static inline std::uint64_t run = 0;

  Client(asio::io_context& io, std::string t, unsigned n, std::vector<double>& l, std::uint64_t& r)
      : socket(io), token(std::move(t)), number(n), latencies_ms(l), refused(r) {}
  void send() {
    const std::string who = std::to_string(number);
    const std::string body =
        R"({"channel":"email","account":"shop-de","message_id":"m)" + std::to_string(run) + "-" + who + "-" +
        std::to_string(count++) + R"(","from":{"address":"buyer)" + who +
        R"(@example.org"},"language":"de","text":"Mein Paket ist noch nicht angekommen. Bestellnummer 20261122-4711. Koennen Sie bitte nachsehen?"})";
    out = "POST /v1/inbound HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer " + token +
          "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
          "\r\n\r\n" + body;
    sent = std::chrono::steady_clock::now();
    asio::async_write(socket, asio::buffer(out),
                      [self = shared_from_this()](beast::error_code error, std::size_t) {
                        if (!error) self->receive();
                      });
  }
  void receive() {
    response = {};
    http::async_read(socket, buffer, response,
                     [self = shared_from_this()](beast::error_code error, std::size_t) {
                       if (error) return;
                       const auto now = std::chrono::steady_clock::now();
                       if (self->response.result_int() >= 300)
                         ++self->refused;
                       else
                         self->latencies_ms.push_back(Seconds(now - self->sent).count() * 1000);
                       if (now < self->until) self->send();
                     });
  }
};

struct Figures {
  double per_second = 0, p50_ms = 0, p99_ms = 0, cpu_us = 0;
  std::uint64_t refused = 0;
};
/// Processor time that a process has used so far, in seconds.
double cpu_s(pid_t process) {
  std::ifstream in("/proc/" + std::to_string(process) + "/stat");
  std::string text{std::istreambuf_iterator<char>(in), {}};
  std::istringstream fields(text.substr(text.rfind(')') + 2));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  double user = 0, system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}
Figures load(unsigned short port, pid_t server, const std::string& token, unsigned clients) {
  asio::io_context io;
  std::vector<double> latencies;
  latencies.reserve(1'000'000);
  Figures out;
  ++Client::run;
  const double cpu_before = cpu_s(server);
  const auto start = std::chrono::steady_clock::now();
  for (unsigned i = 0; i < clients; ++i) {
    auto client = std::make_shared<Client>(io, token, i, latencies, out.refused);
    client->until = start + std::chrono::duration_cast<std::chrono::steady_clock::duration>(Seconds(turn_s));
    client->socket.connect({asio::ip::make_address("127.0.0.1"), port});
    client->socket.set_option(tcp::no_delay(true));
    client->send();
  }
  io.run();
  const double seconds = Seconds(std::chrono::steady_clock::now() - start).count();
  std::ranges::sort(latencies);
  if (latencies.empty()) return out;
  out.per_second = static_cast<double>(latencies.size()) / seconds;
  out.cpu_us = (cpu_s(server) - cpu_before) * 1e6 / static_cast<double>(latencies.size());
  out.p50_ms = latencies[latencies.size() / 2];
  out.p99_ms = latencies[latencies.size() * 99 / 100];
  return out;
}
Figures median(std::vector<Figures> all) {
  std::ranges::sort(all, {}, &Figures::per_second);
  return all[all.size() / 2];
}

std::string first_line(const std::filesystem::path& path) {
  std::string line;
  std::ifstream in(path);
  std::getline(in, line);
  return line;
}

}  // namespace

int main(int argc, char** argv) {
  const unsigned clients = argc > 1 ? static_cast<unsigned>(std::atoi(argv[1])) : 64;
  const char* named = std::getenv("PARLANCE_PROGRAM");
  const std::string program =
      named != nullptr
          ? named
          : (std::filesystem::canonical("/proc/self/exe").parent_path().parent_path() / "parlance").string();

  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) return 1;
  const pid_t bare = ::fork();
  if (bare == 0) bare_server(ends[1]);
  std::string text(16, '\0');
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(0, ::read(ends[0], text.data(), text.size()))));
  const auto bare_port = static_cast<unsigned short>(std::atoi(text.c_str()));

  ::setenv("TMPDIR", "/var/tmp", 0);  // on a disk: a sync in memory costs nothing
  const parlance::tests::TempDir dir;
  const std::string data = (dir.path() / "data").string();
  const pid_t server = ::fork();
  if (server == 0) {
    const int nowhere = ::open("/dev/null", O_WRONLY);
    ::dup2(nowhere, 1);
    ::execl(program.c_str(), program.c_str(), "serve", "--data", data.c_str(), "--listen", "127.0.0.1:0",
            nullptr);
    std::perror(program.c_str());
    std::_Exit(1);
  }
  const auto address = std::filesystem::path(data) / "address";
  for (int i = 0; i < 1000 && !std::filesystem::exists(address); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  const std::string url = first_line(address);
  const std::string token = first_line(std::filesystem::path(data) / "admin.token");
  const auto port = static_cast<unsigned short>(std::atoi(url.substr(url.rfind(':') + 1).c_str()));
  if (port == 0) return 1;

  std::vector<Figures> baseline, ours;
  for (int i = 0; i < turns; ++i) {
    baseline.push_back(load(bare_port, bare, token, clients));
    ours.push_back(load(port, server, token, clients));
  }
  ::kill(bare, SIGKILL);
  ::kill(server, SIGTERM);
  ::waitpid(bare, nullptr, 0);
  ::waitpid(server, nullptr, 0);
  const Figures b = median(baseline), o = median(ours);
  std::printf(
      "bare Beast server, fixed answer, %u clients     %9.0f/s   p50 %6.2f ms   p99 %6.2f ms   %5.1f us of "
      "processor\n",
      clients, b.per_second, b.p50_ms, b.p99_ms, b.cpu_us);
  std::printf(
      "durable commands over HTTP, %u clients          %9.0f/s   p50 %6.2f ms   p99 %6.2f ms   %5.1f us of "
      "processor   refused %llu\n",
      clients, o.per_second, o.p50_ms, o.p99_ms, o.cpu_us, static_cast<unsigned long long>(o.refused));
  std::printf("ratio                                          %9.1f %%\n", 100 * o.per_second / b.per_second);
  return 0;
}
