#include "adapters/http/server.h"

#include <array>
#include <atomic>
#include <chrono>
#include <limits>
#include <mutex>
#include <optional>
#include <unordered_set>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include "adapters/http/problem.h"

namespace parlance::http {
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace bhttp = boost::beast::http;
using tcp = asio::ip::tcp;

namespace {

class ServerImpl;

/// Deadlines are seconds long and nearly always kept, so they are instants in the sessions that one timer looks at, and no
/// timers of their own: these cost a request several microseconds.
constexpr std::int64_t look_at_deadlines_ms = 100;
constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();
std::int64_t steady_ms() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(tcp::socket socket, ServerImpl& server, std::string remote)
      : stream_(std::move(socket)), server_(server), remote_(std::move(remote)) {}
  ~Session();

  void start() { wait_for_request(); }
  /// On any thread: closes when idle, or after the answer under way.
  void wind_down();
  /// On any thread: closes, or answers in the handler's place, when what is under way takes too long.
  void look_at_deadline(std::int64_t now);

 private:
  void expires_after(std::int64_t ms) { deadline_ = steady_ms() + ms; }
  void expires_never() { deadline_ = never; }
  void wait_for_request();
  void read_header();
  void read_body();
  void handle();
  void answer(HttpResponse response, bool keep);
  void refuse(const beast::error_code& error);
  void written(const beast::error_code& error, bool keep);
  void close();

  beast::tcp_stream stream_;
  std::atomic<std::int64_t> deadline_{never};  ///< by steady_ms(); looked at by the server now and then
  beast::flat_buffer buffer_;
  std::optional<bhttp::request_parser<bhttp::string_body>> parser_;
  std::string head_text_, body_;  ///< of the answer under way
  std::string_view fixed_;
  ServerImpl& server_;
  std::string remote_;
  bool busy_ = false;
  bool handling_ = false;  ///< the handler has not answered yet
  bool head_ = false;
  bool keep_ = true;
  bool winding_down_ = false;
  bool closed_ = false;
  unsigned round_ = 0;
};

class ServerImpl final : public Server {
 public:
  ServerImpl(asio::io_context& io, tcp::acceptor acceptor, ServerLimits limits, Handler handler)
      : io_(io),
        acceptor_(std::move(acceptor)),
        limits_(limits),
        handler_(std::move(handler)),
        stop_timer_(acceptor_.get_executor()),
        deadline_timer_(acceptor_.get_executor()) {}

  std::string address() const override {
    const auto end = acceptor_.local_endpoint();
    const std::string host = end.address().to_string();
    return (end.address().is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(end.port());
  }
  void start() override {
    accept();
    look_at_deadlines();
  }
  void stop(std::int64_t within_ms, std::function<void()> done) override {
    asio::post(acceptor_.get_executor(), [this, within_ms, done = std::move(done)]() mutable {
      stopped_ = std::move(done);
      beast::error_code ignored;
      acceptor_.close(ignored);
      stop_timer_.expires_after(std::chrono::milliseconds(within_ms));
      stop_timer_.async_wait([this](beast::error_code error) {
        if (!error) finish_stop();
      });
      {
        const std::lock_guard lock(mutex_);
        for (Session* session : sessions_) session->wind_down();
      }
      if (connections() == 0) finish_stop();
    });
  }
  std::size_t connections() const override {
    const std::lock_guard lock(mutex_);
    return sessions_.size();
  }

  void add(Session* session) {
    const std::lock_guard lock(mutex_);
    sessions_.insert(session);
  }
  void remove(Session* session) {
    bool last = false;
    {
      const std::lock_guard lock(mutex_);
      sessions_.erase(session);
      last = sessions_.empty();
    }
    if (last)
      asio::post(acceptor_.get_executor(), [this] {
        if (stopped_) finish_stop();
      });
  }
  const ServerLimits& limits() const { return limits_; }
  const Handler& handler() const { return handler_; }

 private:
  void accept() {
    acceptor_.async_accept(asio::make_strand(io_), [this](beast::error_code error, tcp::socket socket) {
      if (!acceptor_.is_open()) return;
      if (!error) {
        beast::error_code ignored;
        socket.set_option(tcp::no_delay(true), ignored);
        const auto peer = socket.remote_endpoint(ignored);
        if (!ignored && connections() < limits_.connections) {
          auto session = std::make_shared<Session>(std::move(socket), *this, peer.address().to_string());
          add(session.get());
          asio::dispatch(acceptor_.get_executor(), [session] { session->start(); });
        }
      } else if (error == asio::error::no_descriptors) {
        // Out of descriptors: go on when some are free again, instead of spinning.
        auto pause = std::make_shared<asio::steady_timer>(io_, std::chrono::milliseconds(50));
        pause->async_wait([this, pause](beast::error_code) {
          if (acceptor_.is_open()) accept();
        });
        return;
      }
      accept();
    });
  }
  void look_at_deadlines() {
    deadline_timer_.expires_after(std::chrono::milliseconds(look_at_deadlines_ms));
    deadline_timer_.async_wait([this](beast::error_code error) {
      if (error) return;
      {
        const std::lock_guard lock(mutex_);
        const std::int64_t now = steady_ms();
        for (Session* session : sessions_) session->look_at_deadline(now);
      }
      look_at_deadlines();
    });
  }
  void finish_stop() {
    if (!stopped_) return;
    stop_timer_.cancel();
    deadline_timer_.cancel();
    std::exchange(stopped_, nullptr)();
  }

  asio::io_context& io_;
  tcp::acceptor acceptor_;
  ServerLimits limits_;
  Handler handler_;
  asio::steady_timer stop_timer_;
  asio::steady_timer deadline_timer_;
  std::function<void()> stopped_;
  mutable std::mutex mutex_;  // guards sessions_
  std::unordered_set<Session*> sessions_;
};

Session::~Session() { server_.remove(this); }

void Session::wind_down() {
  asio::post(stream_.get_executor(), [self = weak_from_this()] {
    if (const auto session = self.lock()) {
      session->winding_down_ = true;
      if (!session->busy_) session->close();
    }
  });
}

namespace {

/// The status line and the header of an answer. As text: a library's tree of fields is built only to be taken apart again.
std::string head_of(const HttpResponse& response, bool keep) {
  std::string out = "HTTP/1.1 " + std::to_string(response.status) + " ";
  const auto reason = bhttp::obsolete_reason(bhttp::int_to_status(response.status));
  out.append(reason.data(), reason.size());
  const auto add = [&](std::string_view name, std::string_view value) {
    out.append("\r\n").append(name).append(": ");
    // Whatever a value holds, it cannot begin a header of its own.
    for (const char c : value) out.push_back(c == '\r' || c == '\n' ? ' ' : c);
  };
  if (!response.type.empty() && response.status != 204) add("Content-Type", response.type);
  bool cached = false;
  for (const auto& [name, value] : response.headers) {
    cached = cached || beast::iequals(name, "Cache-Control");
    add(name, value);
  }
  if (!cached) add("Cache-Control", "no-store");
  add("X-Content-Type-Options", "nosniff");
  if (!keep) add("Connection", "close");
  if (response.status != 204)
    add("Content-Length",
        std::to_string(response.fixed.empty() ? response.body.size() : response.fixed.size()));
  return out.append("\r\n\r\n");
}

}  // namespace

void Session::look_at_deadline(std::int64_t now) {
  if (now < deadline_) return;
  asio::post(stream_.get_executor(), [weak = weak_from_this(), now] {
    const auto self = weak.lock();
    if (!self || self->closed_ || now < self->deadline_) return;
    if (!self->handling_) return self->close();
    self->answer(problem(503, "unavailable", "no answer in time; the same key may be sent again"), false);
  });
}

void Session::wait_for_request() {
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(server_.limits().header_bytes));
  parser_->body_limit(server_.limits().body_bytes);
  if (buffer_.size() > 0) return read_header();
  // Waiting for the first byte is idling; from there on the header has its own, shorter deadline.
  expires_after(server_.limits().idle_ms);
  stream_.async_read_some(buffer_.prepare(4096),
                          [self = shared_from_this()](beast::error_code error, std::size_t bytes) {
                            if (error) return self->close();
                            self->buffer_.commit(bytes);
                            self->read_header();
                          });
}

void Session::read_header() {
  busy_ = true;
  expires_after(server_.limits().header_ms);
  bhttp::async_read_header(stream_, buffer_, *parser_,
                           [self = shared_from_this()](beast::error_code error, std::size_t) {
                             if (error) return self->refuse(error);
                             self->read_body();
                           });
}

void Session::read_body() {
  const auto& request = parser_->get();
  std::size_t lines = 0;
  std::size_t hosts = 0;
  for (const auto& field : request) {
    ++lines;
    hosts += field.name() == bhttp::field::host;
  }
  if (lines > server_.limits().header_lines)
    return answer(problem(431, "http.header_lines", "at most 100 header lines"), false);
  if (request.version() == 11 && hosts != 1)
    return answer(problem(400, "http.host", "exactly one Host header is wanted"), false);
  if (request.find(bhttp::field::transfer_encoding) != request.end() &&
      request.find(bhttp::field::content_length) != request.end())
    return answer(problem(400, "http.framing", "a length and a transfer coding contradict each other"),
                  false);
  if (request.find(bhttp::field::transfer_encoding) != request.end() && !parser_->chunked())
    return answer(problem(501, "http.transfer_encoding", "only chunked is understood"), false);
  const auto length = parser_->content_length();
  if (length && *length > server_.limits().body_bytes)
    return answer(problem(413, "http.body_too_large", "at most 1 MiB"), false);
  const std::int64_t expected = static_cast<std::int64_t>(length.value_or(server_.limits().body_bytes));
  if (parser_->is_done()) return handle();
  expires_after(server_.limits().header_ms + expected * 1000 / server_.limits().body_bytes_per_second);
  const auto expect = request[bhttp::field::expect];
  if (!expect.empty() && beast::iequals(expect, "100-continue")) {
    auto go_on = std::make_shared<bhttp::response<bhttp::empty_body>>(bhttp::status::continue_, 11);
    bhttp::async_write(stream_, *go_on,
                       [self = shared_from_this(), go_on](beast::error_code error, std::size_t) {
                         if (error) return self->close();
                         bhttp::async_read(self->stream_, self->buffer_, *self->parser_,
                                           [self](beast::error_code e, std::size_t) {
                                             if (e) return self->refuse(e);
                                             self->handle();
                                           });
                       });
    return;
  }
  bhttp::async_read(stream_, buffer_, *parser_,
                    [self = shared_from_this()](beast::error_code error, std::size_t) {
                      if (error) return self->refuse(error);
                      self->handle();
                    });
}

void Session::handle() {
  // Idle when the server wound down, while the bytes were already on their way in: what cannot be answered is not done.
  if (closed_) return;
  auto request = parser_->release();
  keep_ = request.keep_alive();
  head_ = request.method() == bhttp::verb::head;
  HttpRequest out;
  out.method = std::string(request.method_string());
  out.remote = remote_;
  const std::string_view target(request.target().data(), request.target().size());
  if (target.size() > 4096) return answer(problem(414, "http.target_too_long", "at most 4 KiB"), false);
  if (!parse_target(target, out))
    return answer(
        problem(400, "http.target", "the path or the query is malformed, or names a parameter twice"), false);
  for (const auto& field : request) {
    std::string name(field.name_string());
    for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    out.headers.emplace_back(std::move(name), std::string(field.value()));
  }
  out.body = std::move(request.body());
  const unsigned round = ++round_;
  handling_ = true;
  expires_after(server_.limits().answer_ms);
  server_.handler()(std::move(out), [self = shared_from_this(), round](HttpResponse response) mutable {
    asio::dispatch(self->stream_.get_executor(), [self, round, response = std::move(response)]() mutable {
      if (self->round_ == round) self->answer(std::move(response), self->keep_);
    });
  });
}

void Session::answer(HttpResponse response, bool keep) {
  ++round_;
  handling_ = false;
  keep = keep && !winding_down_;
  head_text_ = head_of(response, keep);
  if (!head_) body_ = std::move(response.body);
  fixed_ = head_ ? std::string_view{} : response.fixed;
  expires_after(server_.limits().write_ms);
  const std::array<asio::const_buffer, 3> all{asio::buffer(head_text_), asio::buffer(body_),
                                              asio::buffer(fixed_.data(), fixed_.size())};
  asio::async_write(stream_, all, [self = shared_from_this(), keep](beast::error_code error, std::size_t) {
    self->written(error, keep);
  });
}

void Session::refuse(const beast::error_code& error) {
  if (error == bhttp::error::end_of_stream || error == asio::error::eof ||
      error == asio::error::connection_reset || error == asio::error::operation_aborted)
    return close();
  if (error == beast::error::timeout) return close();
  if (error == bhttp::error::header_limit)
    return answer(problem(431, "http.header_too_large", "at most 16 KiB"), false);
  if (error == bhttp::error::body_limit)
    return answer(problem(413, "http.body_too_large", "at most 1 MiB"), false);
  if (error == bhttp::error::bad_transfer_encoding)
    return answer(problem(501, "http.transfer_encoding", "only chunked is understood"), false);
  answer(problem(400, "http.malformed", error.message()), false);
}

void Session::written(const beast::error_code& error, bool keep) {
  head_text_.clear();
  body_.clear();
  fixed_ = {};
  head_ = false;
  if (error || !keep) return close();
  busy_ = false;
  if (winding_down_) return close();
  wait_for_request();
}

void Session::close() {
  closed_ = true;
  expires_never();
  beast::error_code ignored;
  stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
  stream_.close();
}

}  // namespace

Result<std::unique_ptr<Server>> Server::listen(asio::io_context& io, const std::string& address,
                                               ServerLimits limits, Handler handler) {
  const std::size_t colon = address.rfind(':');
  beast::error_code error;
  std::string host = colon == std::string::npos ? "" : address.substr(0, colon);
  if (host.size() > 1 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  const auto ip = asio::ip::make_address(host == "localhost" ? "127.0.0.1" : host, error);
  unsigned long port = 65536;
  if (colon != std::string::npos && colon + 1 < address.size() && address.size() - colon <= 6 &&
      address.find_first_not_of("0123456789", colon + 1) == std::string::npos)
    port = std::stoul(address.substr(colon + 1));
  if (error || port > 65535)
    return invalid("http.address", "listen wants HOST:PORT, such as 127.0.0.1:8080, not " + address);
  // Everything of the server itself runs on one strand.
  tcp::acceptor acceptor(asio::make_strand(io));
  const tcp::endpoint end(ip, static_cast<unsigned short>(port));
  acceptor.open(end.protocol(), error);
  if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor.bind(end, error);
  if (!error) acceptor.listen(4096, error);
  if (error) return unavailable("http.bind", "cannot listen on " + address + ": " + error.message());
  return std::unique_ptr<Server>(
      std::make_unique<ServerImpl>(io, std::move(acceptor), limits, std::move(handler)));
}

}  // namespace parlance::http
