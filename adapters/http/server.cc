#include "adapters/http/server.h"

#include <algorithm>
#include <mutex>
#include <optional>
#include <unordered_set>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include "adapters/http/problem.h"

namespace parlance::http {
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace bhttp = boost::beast::http;
using tcp = asio::ip::tcp;

namespace {

constexpr std::size_t piece_bytes = 64 * 1024;

class Session;

/// What the server and its sessions share, so that a session may outlive the server by a moment.
struct Shared {
  ServerLimits limits;
  Server::Handler handler;
  Server::Streams streams;
  std::mutex mutex;  // guards all that follows
  std::unordered_set<Session*> sessions;
  std::function<void()> on_last;  ///< called without the lock when the last session has gone
};

class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(tcp::socket socket, std::shared_ptr<Shared> shared, std::string remote)
      : stream_(std::move(socket)),
        deadline_(stream_.get_executor()),
        shared_(std::move(shared)),
        remote_(std::move(remote)) {}
  ~Session();

  void start() { wait_for_request(); }
  /// On any thread: closes when idle, or after the answer under way.
  void wind_down();
  /// On any thread: closes whatever is under way.
  void cut();

 private:
  void wait_for_request();
  void read_header();
  void read_body();
  void read_whole_body(std::int64_t expected);
  void go_on_then(std::function<void()> read);
  void stream_body(std::shared_ptr<BodySink> sink);
  void too_large(std::uint64_t bytes_max);
  void read_piece();
  void piece_came(const beast::error_code& error);
  [[nodiscard]] bool take_head();
  [[nodiscard]] Respond make_respond();
  void await_answer();
  void handle();
  void answer(HttpResponse response, bool keep);
  void refuse(const beast::error_code& error);
  void write_piece(bool keep);
  void written(const beast::error_code& error, bool keep);
  void linger();
  void throw_away();
  void close();

  beast::tcp_stream stream_;
  asio::steady_timer deadline_;
  beast::flat_buffer buffer_;
  std::optional<bhttp::request_parser<bhttp::string_body>> parser_;
  std::optional<bhttp::response<bhttp::string_body>> response_;
  std::optional<bhttp::response<bhttp::span_body<const char>>> fixed_;
  HttpRequest request_;
  // A body taken in pieces:
  std::shared_ptr<BodySink> sink_;
  std::optional<bhttp::request_parser<bhttp::buffer_body>> upload_;
  std::string piece_;
  std::chrono::steady_clock::time_point upload_until_;
  unsigned piece_round_ = 0;
  bool stalled_ = false;
  // A body given in pieces:
  std::shared_ptr<BodySource> source_;
  std::uint64_t source_left_ = 0;
  std::optional<bhttp::response<bhttp::buffer_body>> streamed_;
  std::optional<bhttp::response_serializer<bhttp::buffer_body>> serializer_;
  std::shared_ptr<Shared> shared_;
  std::string remote_;
  bool busy_ = false;
  bool head_ = false;
  bool keep_ = true;
  bool winding_down_ = false;
  bool closed_ = false;
  bool unread_ = false;  ///< the client may still be sending a body that nobody reads
  unsigned round_ = 0;
};

class ServerImpl final : public Server {
 public:
  ServerImpl(asio::io_context& io, tcp::acceptor acceptor, std::shared_ptr<Shared> shared)
      : io_(io),
        acceptor_(std::move(acceptor)),
        shared_(std::move(shared)),
        stop_timer_(acceptor_.get_executor()) {
    shared_->on_last = [this] {
      asio::post(acceptor_.get_executor(), [this] {
        if (stopped_) finish_stop();
      });
    };
  }
  ~ServerImpl() override {
    const std::lock_guard lock(shared_->mutex);
    shared_->on_last = nullptr;
  }

  std::string address() const override {
    const auto end = acceptor_.local_endpoint();
    const std::string host = end.address().to_string();
    return (end.address().is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(end.port());
  }
  void start() override { accept(); }
  void stop(std::int64_t within_ms, std::function<void()> done) override {
    asio::post(acceptor_.get_executor(), [this, within_ms, done = std::move(done)]() mutable {
      stopped_ = std::move(done);
      beast::error_code ignored;
      acceptor_.close(ignored);
      stop_timer_.expires_after(std::chrono::milliseconds(within_ms));
      stop_timer_.async_wait([this](beast::error_code error) {
        if (!error) cut_all();
      });
      each_session(&Session::wind_down);
      if (connections() == 0) finish_stop();
    });
  }
  std::size_t connections() const override {
    const std::lock_guard lock(shared_->mutex);
    return shared_->sessions.size();
  }

 private:
  void accept() {
    acceptor_.async_accept(asio::make_strand(io_), [this](beast::error_code error, tcp::socket socket) {
      if (!acceptor_.is_open()) return;
      if (!error) {
        beast::error_code ignored;
        socket.set_option(tcp::no_delay(true), ignored);
        const auto peer = socket.remote_endpoint(ignored);
        if (!ignored && connections() < shared_->limits.connections) {
          auto session = std::make_shared<Session>(std::move(socket), shared_, peer.address().to_string());
          {
            const std::lock_guard lock(shared_->mutex);
            shared_->sessions.insert(session.get());
          }
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
  void each_session(void (Session::*act)()) {
    const std::lock_guard lock(shared_->mutex);
    for (Session* session : shared_->sessions) (session->*act)();
  }
  /// Time is up: what still reads or writes is closed; what waits for an answer is left to itself.
  void cut_all() {
    each_session(&Session::cut);
    stop_timer_.expires_after(std::chrono::milliseconds(cut_ms));
    stop_timer_.async_wait([this](beast::error_code error) {
      if (!error) finish_stop();
    });
  }
  void finish_stop() {
    if (!stopped_) return;
    stop_timer_.cancel();
    std::exchange(stopped_, nullptr)();
  }

  static constexpr std::int64_t cut_ms = 200;
  asio::io_context& io_;
  tcp::acceptor acceptor_;
  std::shared_ptr<Shared> shared_;
  asio::steady_timer stop_timer_;
  std::function<void()> stopped_;
};

Session::~Session() {
  std::function<void()> on_last;
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->sessions.erase(this);
    if (shared_->sessions.empty()) on_last = shared_->on_last;
  }
  if (on_last) on_last();
}

void Session::wind_down() {
  asio::post(stream_.get_executor(), [self = weak_from_this()] {
    if (const auto session = self.lock()) {
      session->winding_down_ = true;
      if (!session->busy_) session->close();
    }
  });
}

void Session::cut() {
  asio::post(stream_.get_executor(), [self = weak_from_this()] {
    if (const auto session = self.lock()) session->close();
  });
}

void Session::wait_for_request() {
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(shared_->limits.header_bytes));
  parser_->body_limit(boost::none);  // depends on what is asked for: see read_body()
  if (buffer_.size() > 0) return read_header();
  // Waiting for the first byte is idling; from there on the header has its own, shorter deadline.
  stream_.expires_after(std::chrono::milliseconds(shared_->limits.idle_ms));
  stream_.async_read_some(buffer_.prepare(4096),
                          [self = shared_from_this()](beast::error_code error, std::size_t bytes) {
                            if (error) return self->close();
                            self->buffer_.commit(bytes);
                            self->read_header();
                          });
}

void Session::read_header() {
  busy_ = true;
  stream_.expires_after(std::chrono::milliseconds(shared_->limits.header_ms));
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
  if (lines > shared_->limits.header_lines)
    return answer(problem(431, "http.header_lines", "at most 100 header lines"), false);
  if (request.version() == 11 && hosts != 1)
    return answer(problem(400, "http.host", "exactly one Host header is wanted"), false);
  if (request.find(bhttp::field::transfer_encoding) != request.end() &&
      request.find(bhttp::field::content_length) != request.end())
    return answer(problem(400, "http.framing", "a length and a transfer coding contradict each other"),
                  false);
  if (request.find(bhttp::field::transfer_encoding) != request.end() && !parser_->chunked())
    return answer(problem(501, "http.transfer_encoding", "only chunked is understood"), false);
  unread_ = !parser_->is_done();
  if (!take_head()) return;
  if (shared_->streams) {
    if (auto sink = shared_->streams(request_, make_respond())) {
      if (*sink != nullptr) stream_body(std::move(*sink));
      return;
    }
    ++round_;
  }
  const auto length = parser_->content_length();
  if (length && *length > shared_->limits.body_bytes)
    return answer(problem(413, "http.body_too_large", "at most 1 MiB"), false);
  parser_->body_limit(shared_->limits.body_bytes);
  if (parser_->is_done()) return handle();
  read_whole_body(static_cast<std::int64_t>(length.value_or(shared_->limits.body_bytes)));
}

void Session::read_whole_body(std::int64_t expected) {
  stream_.expires_after(std::chrono::milliseconds(shared_->limits.header_ms +
                                                  expected * 1000 / shared_->limits.body_bytes_per_second));
  const auto read = [self = shared_from_this()] {
    bhttp::async_read(self->stream_, self->buffer_, *self->parser_, [self](beast::error_code e, std::size_t) {
      if (e) return self->refuse(e);
      self->handle();
    });
  };
  go_on_then(read);
}

/// Tells a client that waits for it to send its body, then calls `read`.
void Session::go_on_then(std::function<void()> read) {
  if (!beast::iequals(request_.header("expect"), "100-continue")) return read();
  auto go_on = std::make_shared<bhttp::response<bhttp::empty_body>>(bhttp::status::continue_, 11);
  bhttp::async_write(
      stream_, *go_on,
      [self = shared_from_this(), go_on, read = std::move(read)](beast::error_code error, std::size_t) {
        if (error) return self->close();
        read();
      });
}

// ---- a body in pieces ----

void Session::stream_body(std::shared_ptr<BodySink> sink) {
  const auto length = parser_->content_length();
  const std::uint64_t bytes_max = sink->bytes_max();
  if (length && *length > bytes_max) {
    sink.reset();  // before the client hears of it: nothing is left then
    return too_large(bytes_max);
  }
  sink_ = std::move(sink);
  if (parser_->is_done()) {
    await_answer();
    return sink_->end();
  }
  upload_.emplace(std::move(*parser_));
  upload_->body_limit(bytes_max);
  upload_until_ = std::chrono::steady_clock::now() + std::chrono::milliseconds(shared_->limits.upload_ms);
  stalled_ = false;
  stream_.expires_never();
  go_on_then([self = shared_from_this()] { self->read_piece(); });
}

void Session::too_large(std::uint64_t bytes_max) {
  answer(problem(413, "http.body_too_large", "at most " + std::to_string(bytes_max) + " bytes"), false);
}

void Session::read_piece() {
  if (closed_) return;
  piece_.resize(piece_bytes);
  auto& body = upload_->get().body();
  body.data = piece_.data();
  body.size = piece_.size();
  // The stream's own deadline closes the socket; this one leaves it open for the answer.
  deadline_.expires_at(std::min(
      upload_until_, std::chrono::steady_clock::now() + std::chrono::milliseconds(shared_->limits.piece_ms)));
  deadline_.async_wait([weak = weak_from_this(), round = ++piece_round_](beast::error_code error) {
    const auto self = weak.lock();
    if (error || !self || self->piece_round_ != round) return;
    self->stalled_ = true;
    self->stream_.cancel();
  });
  bhttp::async_read(
      stream_, buffer_, *upload_,
      [self = shared_from_this()](beast::error_code error, std::size_t) { self->piece_came(error); });
}

void Session::piece_came(const beast::error_code& error) {
  ++piece_round_;
  deadline_.cancel();
  if (closed_) return;
  auto sink = sink_;  // an answer from inside it drops ours
  if (error && error != bhttp::error::need_buffer) {
    const std::uint64_t bytes_max = sink->bytes_max();
    sink_.reset();
    sink.reset();
    if (stalled_) return answer(problem(408, "http.body_timeout", "the body came too slowly"), false);
    if (error == bhttp::error::body_limit) return too_large(bytes_max);
    return refuse(error);
  }
  const std::size_t came = piece_.size() - upload_->get().body().size;
  if (came > 0 && !sink->take(std::string_view(piece_).substr(0, came))) return;
  if (!upload_->is_done()) return read_piece();
  unread_ = false;
  await_answer();
  sink->end();
}

// ---- answering ----

/// The request's head, as routes see it; false when it was answered instead.
bool Session::take_head() {
  const auto& request = parser_->get();
  keep_ = request.keep_alive();
  head_ = request.method() == bhttp::verb::head;
  request_ = {};
  request_.method = std::string(request.method_string());
  request_.remote = remote_;
  const std::string_view target(request.target().data(), request.target().size());
  if (target.size() > 4096) {
    answer(problem(414, "http.target_too_long", "at most 4 KiB"), false);
    return false;
  }
  if (!parse_target(target, request_)) {
    answer(problem(400, "http.target", "the path or the query is malformed, or names a parameter twice"),
           false);
    return false;
  }
  for (const auto& field : request) {
    std::string name(field.name_string());
    for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    request_.headers.emplace_back(std::move(name), std::string(field.value()));
  }
  return true;
}

/// Answers this request, and no later one.
Respond Session::make_respond() {
  return [self = shared_from_this(), round = ++round_](HttpResponse response) mutable {
    asio::dispatch(self->stream_.get_executor(), [self, round, response = std::move(response)]() mutable {
      if (self->round_ == round) self->answer(std::move(response), self->keep_);
    });
  };
}

void Session::await_answer() {
  stream_.expires_never();
  deadline_.expires_after(std::chrono::milliseconds(shared_->limits.answer_ms));
  deadline_.async_wait([weak = weak_from_this(), round = round_](beast::error_code error) {
    const auto self = weak.lock();
    if (error || !self || self->round_ != round) return;
    self->answer(problem(503, "unavailable", "no answer in time; the same key may be sent again"), false);
  });
}

void Session::handle() {
  // Idle when the server wound down, while the bytes were already on their way in: what cannot be answered is not done.
  if (closed_) return;
  unread_ = false;
  request_.body = std::move(parser_->get().body());
  auto respond = make_respond();
  await_answer();
  shared_->handler(std::move(request_), std::move(respond));
}

void Session::answer(HttpResponse response, bool keep) {
  if (closed_) return;
  ++round_;
  ++piece_round_;
  deadline_.cancel();
  sink_.reset();
  keep = keep && !winding_down_ && !unread_;
  const auto fill = [&](auto& out) {
    out.version(11);
    out.result(response.status);
    if (!response.type.empty() && response.status != 204) out.set(bhttp::field::content_type, response.type);
    bool cached = false;
    for (auto& [name, value] : response.headers) {
      cached = cached || beast::iequals(name, "Cache-Control");
      out.insert(name, value);
    }
    if (!cached) out.set(bhttp::field::cache_control, "no-store");
    out.set("X-Content-Type-Options", "nosniff");
    out.keep_alive(keep);
  };
  stream_.expires_after(std::chrono::milliseconds(shared_->limits.write_ms));
  const auto done = [self = shared_from_this(), keep](beast::error_code error, std::size_t) {
    self->written(error, keep);
  };
  if (!response.fixed.empty()) {
    fixed_.emplace();
    fill(*fixed_);
    fixed_->body() = beast::span<const char>(response.fixed.data(), response.fixed.size());
    fixed_->content_length(response.fixed.size());
    if (head_) fixed_->body() = {};
    bhttp::async_write(stream_, *fixed_, done);
    return;
  }
  if (response.source) {
    source_ = std::move(response.source);
    source_left_ = head_ ? 0 : source_->size();
    streamed_.emplace();
    fill(*streamed_);
    streamed_->content_length(source_->size());
    streamed_->body().data = nullptr;
    streamed_->body().more = true;
    serializer_.emplace(*streamed_);
    bhttp::async_write_header(stream_, *serializer_,
                              [self = shared_from_this(), keep](beast::error_code error, std::size_t) {
                                if (error || self->source_left_ == 0) return self->written(error, keep);
                                self->write_piece(keep);
                              });
    return;
  }
  response_.emplace();
  fill(*response_);
  const std::size_t length = response.body.size();
  if (!head_) response_->body() = std::move(response.body);
  if (response.status != 204) response_->content_length(length);
  bhttp::async_write(stream_, *response_, done);
}

void Session::write_piece(bool keep) {
  if (closed_) return;
  auto piece = source_->next();
  // A length was promised that will not be kept: the connection says so.
  if (!piece || piece->empty() || piece->size() > source_left_) return close();
  piece_ = std::move(*piece);
  source_left_ -= piece_.size();
  streamed_->body().data = piece_.data();
  streamed_->body().size = piece_.size();
  streamed_->body().more = source_left_ > 0;
  stream_.expires_after(std::chrono::milliseconds(shared_->limits.write_ms));
  bhttp::async_write(stream_, *serializer_,
                     [self = shared_from_this(), keep](beast::error_code error, std::size_t) {
                       if (error == bhttp::error::need_buffer) error = {};
                       if (error || self->source_left_ == 0) return self->written(error, keep);
                       self->write_piece(keep);
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
  response_.reset();
  fixed_.reset();
  serializer_.reset();
  streamed_.reset();
  source_.reset();
  upload_.reset();
  head_ = false;
  if (!error && !keep && unread_) return linger();
  if (error || !keep) return close();
  busy_ = false;
  if (winding_down_) return close();
  wait_for_request();
}

/// Reads on for a moment and throws away: a socket closed with bytes unread may take the answer back from the client.
void Session::linger() {
  if (closed_) return;
  unread_ = false;
  beast::error_code ignored;
  stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
  stream_.expires_after(std::chrono::milliseconds(shared_->limits.linger_ms));
  piece_.resize(piece_bytes);
  throw_away();
}
void Session::throw_away() {
  stream_.async_read_some(asio::buffer(piece_),
                          [self = shared_from_this()](beast::error_code error, std::size_t) {
                            if (error || self->closed_) return self->close();
                            self->throw_away();
                          });
}

void Session::close() {
  if (closed_) return;
  closed_ = true;
  sink_.reset();
  deadline_.cancel();
  beast::error_code ignored;
  stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
  stream_.close();
}

}  // namespace

Result<std::unique_ptr<Server>> Server::listen(asio::io_context& io, const std::string& address,
                                               ServerLimits limits, Handler handler, Streams streams) {
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
  auto shared = std::make_shared<Shared>();
  shared->limits = limits;
  shared->handler = std::move(handler);
  shared->streams = std::move(streams);
  return std::unique_ptr<Server>(std::make_unique<ServerImpl>(io, std::move(acceptor), std::move(shared)));
}

}  // namespace parlance::http
