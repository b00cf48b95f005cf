#include "adapters/http/server.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <limits>
#include <new>
#include <optional>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include "adapters/http/problem.h"
#include "adapters/http/rate_limits.h"

namespace parlance::http {
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace bhttp = boost::beast::http;
using tcp = asio::ip::tcp;

namespace {

constexpr std::size_t piece_bytes = 64 * 1024;
constexpr std::size_t buffer_bytes_max = 64 * 1024;

/// The library bounds the header and not the lines that may follow the last chunk, and throws where one of these is too long for it:
/// here both count together, as header.
template <class Body> class Parser final : public bhttp::request_parser<Body> {
 public:
  Parser() = default;
  /// Goes on with another kind of body.
  template <class Other>
  explicit Parser(Parser<Other>&& from)
      : bhttp::request_parser<Body>(static_cast<bhttp::request_parser<Other>&&>(from)) {}
  void bound(std::size_t bytes, std::size_t lines) {
    bytes_left_ = bytes;
    lines_left_ = lines;
  }

 private:
  void on_field_impl(bhttp::field name, beast::string_view text, beast::string_view value,
                     beast::error_code& error) override {
    if (text.size() + value.size() > bytes_left_ || lines_left_ == 0) {
      error = bhttp::error::header_limit;
      return;
    }
    bytes_left_ -= text.size() + value.size();
    --lines_left_;
    this->get().insert(name, text, value);
  }
  std::size_t bytes_left_ = 0, lines_left_ = 0;
};

/// What the server and its sessions share, so that a session may outlive the server by a moment.
struct Shared {
  ServerLimits limits;
  Server::Handler handler;
  Server::Streams streams;
  std::shared_ptr<Connections> connections = std::make_shared<Connections>();
  std::shared_ptr<AddressCounts> addresses = std::make_shared<AddressCounts>();
};

/// Deadlines are seconds long and nearly always kept, so they are instants in the sessions that one timer looks at, and no
/// timers of their own: these cost a request several microseconds.
constexpr std::int64_t look_at_deadlines_ms = 100;
constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();
std::int64_t steady_ms() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

class Session final : public Connection, public std::enable_shared_from_this<Session> {
 public:
  /// `place`: of its address, for as long as the connection lasts.
  Session(tcp::socket socket, std::shared_ptr<Shared> shared, std::string remote, std::shared_ptr<void> place)
      : stream_(std::move(socket)),
        executor_(stream_.get_executor()),
        shared_(std::move(shared)),
        remote_(std::move(remote)),
        place_(std::move(place)) {}
  ~Session() override { shared_->connections->remove(this); }

  void start() { wait_for_request(); }
  /// Closes when idle, or after the answer under way.
  void wind_down() override;
  void cut() override;
  /// Closes, or answers in the handler's place, when what is under way takes too long.
  void look_at_deadline(std::int64_t now) override;

 private:
  void expires_after(std::int64_t ms) { deadline_ = steady_ms() + ms; }
  void expires_never() { deadline_ = never; }
  void wait_for_request();
  void read_header();
  void read_body();
  [[nodiscard]] bool take_head();
  void read_whole_body(std::int64_t expected);
  void go_on_then(std::function<void()> read);
  void stream_body(std::shared_ptr<BodySink> sink);
  void read_piece();
  void piece_came(const beast::error_code& error);
  void too_large(std::uint64_t bytes_max);
  [[nodiscard]] Respond make_respond();
  void await_answer();
  void handle();
  void answer(HttpResponse response, bool keep);
  void refuse(const beast::error_code& error);
  void write_piece(bool keep);
  void written(const beast::error_code& error, bool keep);
  void linger();
  void throw_away();
  void go_on_as_stream(HttpResponse response);
  template <class Step> void with_memory(const Step& step);
  void close();

  beast::tcp_stream stream_;
  asio::any_io_executor executor_;               ///< the stream's, also once another has taken that over
  std::atomic<std::int64_t> deadline_{never};    ///< by steady_ms(); looked at by the server now and then
  beast::flat_buffer buffer_{buffer_bytes_max};  ///< a line that does not end within it is refused
  std::optional<Parser<bhttp::string_body>> parser_;
  std::string head_text_, body_;  ///< of the answer under way
  std::string_view fixed_;
  HttpRequest request_;
  // A body taken in pieces:
  std::shared_ptr<BodySink> sink_;
  std::optional<Parser<bhttp::buffer_body>> upload_;
  std::string piece_;
  std::int64_t upload_until_ = never;
  bool reading_piece_ = false;
  bool stalled_ = false;
  // A body given in pieces:
  std::shared_ptr<BodySource> source_;
  std::uint64_t source_left_ = 0;
  // Another kind of connection:
  UpgradeRequest upgrade_;  ///< the header of a request for a WebSocket
  unsigned http_version_ = 11;
  std::weak_ptr<Connection> successor_;  ///< that took the stream over
  std::shared_ptr<Shared> shared_;
  std::string remote_;
  std::shared_ptr<void> place_;
  bool busy_ = false;
  bool handling_ = false;  ///< the handler has not answered yet
  bool answered_ = false;  ///< the request under way, and the answer is on its way out
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
        stop_timer_(acceptor_.get_executor()),
        deadline_timer_(acceptor_.get_executor()) {
    shared_->connections->on_empty([this] {
      asio::post(acceptor_.get_executor(), [this] {
        if (stopped_) finish_stop();
      });
    });
  }
  ~ServerImpl() override { shared_->connections->on_empty(nullptr); }

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
        if (!error) cut_all();
      });
      shared_->connections->wind_down();
      if (connections() == 0) finish_stop();
    });
  }
  std::size_t connections() const override { return shared_->connections->size(); }
  std::uint64_t refused_connections() const override { return refused_.load(); }

 private:
  void accept() {
    acceptor_.async_accept(asio::make_strand(io_), [this](beast::error_code error, tcp::socket socket) {
      if (!acceptor_.is_open()) return;
      if (!error) {
        beast::error_code ignored;
        socket.set_option(tcp::no_delay(true), ignored);
        const auto peer = socket.remote_endpoint(ignored);
        if (!ignored && connections() < shared_->limits.connections) {
          std::string address = peer.address().to_string();
          const bool ours = limited_address(address, {}).empty();
          const ServerLimits& limits = shared_->limits;
          auto place = AddressCounts::take(shared_->addresses, address,
                                           ours ? limits.connections : limits.connections_per_address);
          if (place) {
            auto session =
                std::make_shared<Session>(std::move(socket), shared_, std::move(address), std::move(place));
            shared_->connections->add(session.get());
            asio::dispatch(acceptor_.get_executor(), [session] { session->start(); });
          } else {
            ++refused_;
          }
        } else if (!ignored) {
          ++refused_;
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
      shared_->connections->look_at_deadlines(steady_ms());
      look_at_deadlines();
    });
  }
  /// Time is up: whatever is still under way is closed.
  void cut_all() {
    shared_->connections->cut();
    stop_timer_.expires_after(std::chrono::milliseconds(cut_ms));
    stop_timer_.async_wait([this](beast::error_code error) {
      if (!error) finish_stop();
    });
  }
  void finish_stop() {
    if (!stopped_) return;
    stop_timer_.cancel();
    deadline_timer_.cancel();
    std::exchange(stopped_, nullptr)();
  }

  static constexpr std::int64_t cut_ms = 200;
  asio::io_context& io_;
  tcp::acceptor acceptor_;
  std::shared_ptr<Shared> shared_;
  asio::steady_timer stop_timer_;
  asio::steady_timer deadline_timer_;
  std::function<void()> stopped_;
  std::atomic<std::uint64_t> refused_{0};
};

void Session::wind_down() {
  asio::post(executor_, [self = weak_from_this()] {
    const auto session = self.lock();
    if (!session) return;
    session->winding_down_ = true;
    if (const auto successor = session->successor_.lock()) return successor->wind_down();
    if (!session->busy_) session->close();
  });
}

void Session::cut() {
  asio::post(executor_, [self = weak_from_this()] {
    const auto session = self.lock();
    if (!session) return;
    if (const auto successor = session->successor_.lock()) return successor->cut();
    session->close();
  });
}

namespace {

/// The status line and the header of an answer. As text: a library's tree of fields is built only to be taken apart again.
std::string head_of(const HttpResponse& response, bool keep, bool chunked = false) {
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
  if (chunked) add("Transfer-Encoding", "chunked");
  if (response.status != 204 && !response.stream)
    add("Content-Length", std::to_string(response.source          ? response.source->size()
                                         : response.fixed.empty() ? response.body.size()
                                                                  : response.fixed.size()));
  return out.append("\r\n\r\n");
}

}  // namespace

void Session::look_at_deadline(std::int64_t now) {
  if (now < deadline_) return;
  asio::post(executor_, [weak = weak_from_this(), now] {
    const auto self = weak.lock();
    if (!self || self->closed_ || now < self->deadline_) return;
    if (self->reading_piece_) {
      self->stalled_ = true;  // the read ends now, and answers
      return self->stream_.cancel();
    }
    if (!self->handling_) return self->close();
    self->answer(problem(503, "unavailable", "no answer in time; the same key may be sent again"), false);
  });
}

/// Takes a step of a request. Without the memory for it the client is told so and the connection ends; everybody else goes on.
template <class Step> void Session::with_memory(const Step& step) {
  try {
    step();
  } catch (const std::bad_alloc&) {
    try {
      if (answered_) return;  // what came after the answer is nobody's any more
      sink_.reset();
      answer(problem(503, "overloaded", "out of memory; the same key may be sent again"), false);
    } catch (const std::bad_alloc&) {
      close();
    }
  }
}

void Session::wait_for_request() {
  answered_ = false;
  parser_.emplace();
  parser_->bound(shared_->limits.header_bytes, shared_->limits.header_lines + 1);
  parser_->header_limit(static_cast<std::uint32_t>(shared_->limits.header_bytes));
  parser_->body_limit(boost::none);  // depends on what is asked for: see read_body()
  if (buffer_.size() > 0) return read_header();
  // Waiting for the first byte is idling; from there on the header has its own, shorter deadline.
  expires_after(shared_->limits.idle_ms);
  stream_.async_read_some(buffer_.prepare(4096),
                          [self = shared_from_this()](beast::error_code error, std::size_t bytes) {
                            if (error) return self->close();
                            self->buffer_.commit(bytes);
                            self->read_header();
                          });
}

void Session::read_header() {
  busy_ = true;
  expires_after(shared_->limits.header_ms);
  bhttp::async_read_header(stream_, buffer_, *parser_,
                           [self = shared_from_this()](beast::error_code error, std::size_t) {
                             self->with_memory([&] {
                               if (error) return self->refuse(error);
                               self->read_body();
                             });
                           });
}

void Session::read_body() {
  unread_ = !parser_->is_done();
  const auto& request = parser_->get();
  std::size_t lines = 0;
  std::size_t hosts = 0;
  for (const auto& field : request) {
    ++lines;
    hosts += field.name() == bhttp::field::host;
  }
  if (lines > shared_->limits.header_lines)
    return answer(problem(431, "http.header_lines",
                          "at most " + std::to_string(shared_->limits.header_lines) + " header lines"),
                  false);
  if (request.version() == 11 && hosts != 1)
    return answer(problem(400, "http.host", "exactly one Host header is wanted"), false);
  if (request.find(bhttp::field::transfer_encoding) != request.end() &&
      request.find(bhttp::field::content_length) != request.end())
    return answer(problem(400, "http.framing", "a length and a transfer coding contradict each other"),
                  false);
  // The library takes parameters of a coding, and others before it, as if they meant nothing.
  if (const auto coding = request.find(bhttp::field::transfer_encoding);
      coding != request.end() && (!parser_->chunked() || !beast::iequals(coding->value(), "chunked")))
    return answer(problem(501, "http.transfer_encoding", "only chunked is understood"), false);
  if (!take_head()) return;
  if (shared_->streams) {
    // A refusal is answered at once; the body that may follow is not the next request.
    if (auto sink = shared_->streams(request_, [this] { return make_respond(); })) {
      if (*sink != nullptr) stream_body(std::move(*sink));
      return;
    }
  }
  const auto length = parser_->content_length();
  if (length && *length > shared_->limits.body_bytes)
    return answer(problem(413, "http.body_too_large",
                          "at most " + std::to_string(shared_->limits.body_bytes) + " bytes"),
                  false);
  parser_->body_limit(shared_->limits.body_bytes);
  if (parser_->is_done()) return handle();
  read_whole_body(static_cast<std::int64_t>(length.value_or(shared_->limits.body_bytes)));
}

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

void Session::read_whole_body(std::int64_t expected) {
  expires_after(shared_->limits.header_ms + expected * 1000 / shared_->limits.body_bytes_per_second);
  go_on_then([self = shared_from_this()] {
    bhttp::async_read(self->stream_, self->buffer_, *self->parser_,
                      [self](beast::error_code error, std::size_t) {
                        self->with_memory([&] {
                          if (error) return self->refuse(error);
                          self->handle();
                        });
                      });
  });
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
  if (parser_->is_done()) {
    await_answer();
    return sink->end();
  }
  sink_ = std::move(sink);
  upload_.emplace(std::move(*parser_));
  upload_->bound(shared_->limits.header_bytes,
                 shared_->limits.header_lines);  // of what follows the last chunk
  upload_->body_limit(bytes_max);
  upload_until_ = steady_ms() + shared_->limits.upload_ms;
  stalled_ = false;
  expires_after(shared_->limits.piece_ms);
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
  reading_piece_ = true;
  deadline_ = std::min(upload_until_, steady_ms() + shared_->limits.piece_ms);
  // What has come, however little: a slow client's bytes are where they belong when it breaks off.
  bhttp::async_read_some(stream_, buffer_, *upload_,
                         [self = shared_from_this()](beast::error_code error, std::size_t) {
                           self->with_memory([&] { self->piece_came(error); });
                         });
}

void Session::piece_came(const beast::error_code& error) {
  reading_piece_ = false;
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
  sink_.reset();
  await_answer();
  sink->end();
}

// ---- answering ----

/// Answers this request, and no later one.
Respond Session::make_respond() {
  return [self = shared_from_this(), round = ++round_](HttpResponse response) mutable {
    asio::dispatch(self->executor_, [self, round, response = std::move(response)]() mutable {
      if (self->round_ == round) self->answer(std::move(response), self->keep_);
    });
  };
}

void Session::await_answer() {
  handling_ = true;
  expires_after(shared_->limits.answer_ms);
}

void Session::handle() {
  // Idle when the server wound down, while the bytes were already on their way in: what cannot be answered is not done.
  if (closed_) return;
  unread_ = false;
  request_.body = std::move(parser_->get().body());
  http_version_ = parser_->get().version();
  if (!request_.header("upgrade").empty()) upgrade_ = UpgradeRequest(std::move(parser_->get().base()));
  await_answer();
  shared_->handler(std::move(request_), make_respond());
}

void Session::answer(HttpResponse response, bool keep) {
  if (closed_) return;
  ++round_;
  handling_ = false;
  sink_.reset();
  if (response.stream && !head_) {
    answered_ = true;
    return go_on_as_stream(std::move(response));
  }
  response.stream.reset();
  keep = keep && !winding_down_ && !unread_;
  head_text_ = head_of(response, keep);
  source_ = std::move(response.source);
  source_left_ = source_ && !head_ ? source_->size() : 0;
  fixed_ = head_ || source_ ? std::string_view{} : response.fixed;
  body_.clear();
  if (!head_ && !source_ && fixed_.empty()) body_ = std::move(response.body);
  expires_after(shared_->limits.write_ms);
  const std::array<asio::const_buffer, 3> all{asio::buffer(head_text_), asio::buffer(body_),
                                              asio::buffer(fixed_.data(), fixed_.size())};
  asio::async_write(stream_, all, [self = shared_from_this(), keep](beast::error_code error, std::size_t) {
    if (!error && self->source_left_ > 0) return self->write_piece(keep);
    self->written(error, keep);
  });
  answered_ = true;
}

void Session::write_piece(bool keep) {
  if (closed_) return;
  auto piece = source_->next();
  // A length was promised that will not be kept: the connection says so.
  if (!piece || piece->empty() || piece->size() > source_left_) return close();
  piece_ = std::move(*piece);
  source_left_ -= piece_.size();
  expires_after(shared_->limits.write_ms);
  asio::async_write(stream_, asio::buffer(piece_),
                    [self = shared_from_this(), keep](beast::error_code error, std::size_t) {
                      if (!error && self->source_left_ > 0) return self->write_piece(keep);
                      self->written(error, keep);
                    });
}

void Session::refuse(const beast::error_code& error) {
  if (error == bhttp::error::end_of_stream || error == asio::error::eof ||
      error == asio::error::connection_reset || error == asio::error::operation_aborted)
    return close();
  if (error == beast::error::timeout) return close();
  if (error == bhttp::error::header_limit || error == bhttp::error::buffer_overflow)
    return answer(problem(431, "http.header_too_large",
                          "at most " + std::to_string(shared_->limits.header_bytes) + " bytes"),
                  false);
  if (error == bhttp::error::body_limit)
    return answer(problem(413, "http.body_too_large",
                          "at most " + std::to_string(shared_->limits.body_bytes) + " bytes"),
                  false);
  if (error == bhttp::error::bad_transfer_encoding)
    return answer(problem(501, "http.transfer_encoding", "only chunked is understood"), false);
  answer(problem(400, "http.malformed", error.message()), false);
}

void Session::written(const beast::error_code& error, bool keep) {
  head_text_.clear();
  body_.clear();
  fixed_ = {};
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
  expires_after(shared_->limits.linger_ms);
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

void Session::go_on_as_stream(HttpResponse response) {
  expires_never();
  // The stream's handler lives as long as its connection, and keeps the place of the address for it.
  using Held = std::pair<std::shared_ptr<StreamHandler>, std::shared_ptr<void>>;
  const auto held = std::make_shared<Held>(std::move(response.stream), place_);
  response.stream = std::shared_ptr<StreamHandler>(held, held->first.get());
  beast::error_code ignored;
  stream_.socket().set_option(asio::socket_base::send_buffer_size(shared_->limits.stream.send_buffer_bytes),
                              ignored);
  std::shared_ptr<Connection> successor;
  if (response.status == 101) {
    const std::string_view fault = upgrade_fault(upgrade_);
    if (!fault.empty()) {
      HttpResponse refused = problem(426, "live.upgrade", fault);
      refused.headers.emplace_back("Upgrade", "websocket");
      refused.headers.emplace_back("Sec-WebSocket-Version", "13");
      return answer(std::move(refused), false);
    }
    if (buffer_.size() != 0)
      return answer(problem(400, "live.early_data", "wait for the answer to the upgrade"), false);
    successor = open_web_socket(std::move(stream_), shared_->connections, shared_->limits.stream,
                                std::move(upgrade_), std::move(response.headers), std::move(response.stream));
  } else {
    const bool chunked = http_version_ == 11;
    response.headers.emplace_back("X-Accel-Buffering", "no");  // a proxy in between must not hold it back
    std::string head = head_of(response, false, chunked);
    successor = open_endless_answer(std::move(stream_), shared_->connections, shared_->limits.stream,
                                    std::move(head), chunked, std::move(response.stream));
  }
  successor_ = successor;
  closed_ = true;
  shared_->connections->remove(this);
  if (winding_down_) successor->wind_down();
}

void Session::close() {
  if (closed_) return;
  closed_ = true;
  sink_.reset();
  expires_never();
  beast::error_code ignored;
  stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
  stream_.close();
  // A handler of the library may keep the object for a while: nobody waits for it, and its place is another's.
  shared_->connections->remove(this);
  place_.reset();
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
