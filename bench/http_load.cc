#include "bench/http_load.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <memory>
#include <signal.h>
#include <sstream>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>

#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

namespace parlance::bench {
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;
using Seconds = std::chrono::duration<double>;

namespace {

constexpr double start_s_max = 60;

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  std::exit(1);
}
std::chrono::steady_clock::time_point now() { return std::chrono::steady_clock::now(); }
double since(std::chrono::steady_clock::time_point start) { return Seconds(now() - start).count(); }

// ---- the bare server: parses a request, answers fixed bytes ----

struct BareSession : std::enable_shared_from_this<BareSession> {
  beast::tcp_stream stream;
  const std::string& body;
  beast::flat_buffer buffer;
  http::request<http::string_body> request;
  http::response<http::string_body> response;
  BareSession(tcp::socket socket, const std::string& b) : stream(std::move(socket)), body(b) {}
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
    response.body() = body;
    response.prepare_payload();
    http::async_write(stream, response, [self = shared_from_this()](beast::error_code error, std::size_t) {
      if (!error) self->read();
    });
  }
};
void accept(asio::io_context& io, tcp::acceptor& acceptor, const std::string& body) {
  acceptor.async_accept(asio::make_strand(io), [&](beast::error_code error, tcp::socket socket) {
    if (!error) {
      socket.set_option(tcp::no_delay(true));
      std::make_shared<BareSession>(std::move(socket), body)->read();
    }
    accept(io, acceptor, body);
  });
}
[[noreturn]] void run_bare_server(int port_pipe, const std::string& body) {
  asio::io_context io(2);
  tcp::acceptor acceptor(io, {asio::ip::make_address("127.0.0.1"), 0});
  const std::string port = std::to_string(acceptor.local_endpoint().port()) + "\n";
  if (::write(port_pipe, port.data(), port.size()) < 0) std::exit(1);
  accept(io, acceptor, body);
  std::thread second([&] { io.run(); });
  io.run();
  std::exit(0);
}

// ---- the clients ----

struct Client : std::enable_shared_from_this<Client> {
  tcp::socket socket;
  unsigned number;
  const Requests& requests;
  std::vector<double>& latencies_ms;
  std::uint64_t& refused;
  std::chrono::steady_clock::time_point until, sent;
  std::uint64_t count = 0;
  std::string out;
  beast::flat_buffer buffer;
  http::response<http::string_body> response;

  Client(asio::io_context& io, unsigned n, const Requests& q, std::vector<double>& l, std::uint64_t& r)
      : socket(io), number(n), requests(q), latencies_ms(l), refused(r) {}
  void send() {
    out = requests(number, count++);
    sent = now();
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
                       if (self->response.result_int() >= 300)
                         ++self->refused;
                       else
                         self->latencies_ms.push_back(since(self->sent) * 1000);
                       if (now() < self->until) self->send();
                     });
  }
};

std::string first_line(const std::filesystem::path& path) {
  std::string line;
  std::ifstream in(path);
  std::getline(in, line);
  return line;
}

/// The answer's status and body; 0 where nothing answers.
std::pair<unsigned, std::string> answer(unsigned short port, const std::string& request) {
  asio::io_context io;
  tcp::socket socket(io);
  beast::error_code error;
  socket.connect({asio::ip::make_address("127.0.0.1"), port}, error);
  if (!error) asio::write(socket, asio::buffer(request), error);
  beast::flat_buffer buffer;
  http::response<http::string_body> response;
  if (!error) http::read(socket, buffer, response, error);
  if (error) return {};
  return {response.result_int(), response.body()};
}

}  // namespace

Process::Process(Process&& other) noexcept : pid_(std::exchange(other.pid_, 0)) {}
Process& Process::operator=(Process&& other) noexcept {
  std::swap(pid_, other.pid_);
  return *this;
}
void Process::end(int signal) {
  if (pid_ == 0) return;
  ::kill(pid_, signal);
  ::waitpid(pid_, nullptr, 0);
  pid_ = 0;
}
double Process::cpu_s() const {
  std::ifstream in("/proc/" + std::to_string(pid_) + "/stat");
  std::string text{std::istreambuf_iterator<char>(in), {}};
  std::istringstream fields(text.substr(text.rfind(')') + 2));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  double user = 0, system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}
std::uint64_t Process::resident_bytes() const {
  std::ifstream in("/proc/" + std::to_string(pid_) + "/statm");
  std::uint64_t size = 0, resident = 0;
  in >> size >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

std::filesystem::path program() {
  const char* named = std::getenv("PARLANCE_PROGRAM");
  if (named != nullptr) return named;
  return std::filesystem::canonical("/proc/self/exe").parent_path().parent_path() / "parlance";
}

Server serve(const std::filesystem::path& data) {
  const std::string path = program().string(), folder = data.string();
  std::filesystem::remove(data / "address");
  const auto start = now();
  Server out;
  out.process = Process(::fork());
  if (out.process.pid() == 0) {
    ::dup2(::open("/dev/null", O_WRONLY), 1);
    ::execl(path.c_str(), path.c_str(), "serve", "--data", folder.c_str(), "--listen", "127.0.0.1:0",
            nullptr);
    std::perror(path.c_str());
    std::_Exit(1);
  }
  while (out.ready_s == 0) {
    if (since(start) > start_s_max) give_up("the server did not start");
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    const std::string url = first_line(data / "address");
    if (url.empty()) continue;
    out.port = static_cast<unsigned short>(std::atoi(url.substr(url.rfind(':') + 1).c_str()));
    if (answer(out.port, get("/readyz", "")).first == 200) out.ready_s = since(start);
  }
  out.token = first_line(data / "admin.token");
  return out;
}

BareServer bare_server(std::string body) {
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) give_up("no pipe");
  BareServer out;
  out.process = Process(::fork());
  if (out.process.pid() == 0) run_bare_server(ends[1], body);
  std::string text(16, '\0');
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(0, ::read(ends[0], text.data(), text.size()))));
  out.port = static_cast<unsigned short>(std::atoi(text.c_str()));
  return out;
}

std::string get(const std::string& path, const std::string& token) {
  return "GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer " + token + "\r\n\r\n";
}
std::string post(const std::string& path, const std::string& token, const std::string& body) {
  return "POST " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer " + token +
         "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         body;
}
std::string ask(unsigned short port, const std::string& request) {
  const auto [status, body] = answer(port, request);
  if (status < 200 || status >= 300) give_up(request + "\n" + std::to_string(status) + " " + body);
  return body;
}
std::string member(const std::string& body, const std::string& name) {
  const std::size_t at = body.find("\"" + name + "\":\"");
  if (at == std::string::npos) return {};
  const std::size_t from = at + name.size() + 4;
  return body.substr(from, body.find('"', from) - from);
}

Figures load(unsigned short port, const Process& server, unsigned clients, double seconds,
             const Requests& requests) {
  asio::io_context io;
  std::vector<double> latencies;
  latencies.reserve(1'000'000);
  Figures out;
  const double cpu_before = server.cpu_s();
  const auto start = now();
  for (unsigned i = 0; i < clients; ++i) {
    auto client = std::make_shared<Client>(io, i, requests, latencies, out.refused);
    client->until = start + std::chrono::duration_cast<std::chrono::steady_clock::duration>(Seconds(seconds));
    client->socket.connect({asio::ip::make_address("127.0.0.1"), port});
    client->socket.set_option(tcp::no_delay(true));
    client->send();
  }
  io.run();
  const double took = since(start);
  std::ranges::sort(latencies);
  if (latencies.empty()) return out;
  out.per_second = static_cast<double>(latencies.size()) / took;
  out.cpu_us = (server.cpu_s() - cpu_before) * 1e6 / static_cast<double>(latencies.size());
  out.p50_ms = latencies[latencies.size() / 2];
  out.p99_ms = latencies[latencies.size() * 99 / 100];
  return out;
}
Figures median(std::vector<Figures> all) {
  std::ranges::sort(all, {}, &Figures::per_second);
  return all[all.size() / 2];
}
void print(const char* what, const Figures& f) {
  std::printf("%-48s %9.0f/s   p50 %6.2f ms   p99 %6.2f ms   %6.1f us of processor", what, f.per_second,
              f.p50_ms, f.p99_ms, f.cpu_us);
  if (f.refused != 0) std::printf("   refused %llu", static_cast<unsigned long long>(f.refused));
  std::printf("\n");
  std::fflush(stdout);
}

}  // namespace parlance::bench
