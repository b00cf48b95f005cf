#include <algorithm>
#include <array>
#include <chrono>
#include <deque>

#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/websocket.hpp>

#include "adapters/http/connection.h"

namespace parlance::http {
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace bhttp = boost::beast::http;
namespace ws = boost::beast::websocket;
namespace {

constexpr std::size_t close_reason_bytes_max = 123;
constexpr std::size_t kept_buffer_bytes = 4096;

/// So many at once, and so many a second from then on.
class Allowance {
 public:
  using Time = std::chrono::steady_clock::time_point;
  Allowance(double per_second, double burst, Time now)
      : per_second_(per_second), burst_(burst), left_(burst), at_(now) {}
  bool take(Time now) {
    left_ = std::min(burst_, left_ + std::chrono::duration<double>(now - at_).count() * per_second_);
    at_ = now;
    if (left_ < 1) return false;
    left_ -= 1;
    return true;
  }

 private:
  double per_second_, burst_, left_;
  Time at_;
};

/// What is not said otherwise runs on the socket's strand.
class WebSocket final : public Connection, public Stream, public std::enable_shared_from_this<WebSocket> {
 public:
  WebSocket(beast::tcp_stream stream, std::shared_ptr<Connections> connections, const StreamLimits& limits,
            std::shared_ptr<StreamHandler> handler)
      : socket_(std::move(stream)),
        executor_(socket_.get_executor()),
        deadline_(executor_),
        connections_(std::move(connections)),
        limits_(limits),
        handler_(std::move(handler)),
        allowance_(limits.messages_per_second, limits.messages_burst, std::chrono::steady_clock::now()) {}
  ~WebSocket() override { connections_->remove(this); }

  void accept(UpgradeRequest request, std::vector<std::pair<std::string, std::string>> headers) {
    connections_->add(this);
    ws::stream_base::timeout times;
    times.handshake_timeout = std::chrono::milliseconds(limits_.handshake_ms);
    times.idle_timeout = std::chrono::milliseconds(limits_.silence_ms);
    times.keep_alive_pings = true;
    socket_.set_option(times);
    socket_.set_option(
        ws::stream_base::decorator([headers = std::move(headers)](ws::response_type& response) {
          for (const auto& [name, value] : headers) response.set(name, value);
          response.erase(bhttp::field::server);
        }));
    socket_.read_message_max(limits_.message_bytes);
    socket_.auto_fragment(false);
    socket_.text(true);
    request_ = std::move(request);
    socket_.async_accept(*request_, [self = shared_from_this()](beast::error_code error) {
      self->request_.reset();
      if (error) return self->finish();
      self->open_ = true;
      self->handler_->on_open(self);
      if (self->ending_) return self->close_socket();
      self->read();
    });
  }

  // ---- any thread ----

  void wind_down() override {
    asio::post(executor_, [weak = weak_from_this()] {
      if (const auto self = weak.lock())
        self->end(close_code::going_away, "stopping", self->limits_.close_ms);
    });
  }
  void cut() override {
    asio::post(executor_, [weak = weak_from_this()] {
      if (const auto self = weak.lock()) beast::get_lowest_layer(self->socket_).close();
    });
  }
  void send(StreamPiece piece) override {
    const std::size_t before = waiting_.add(piece.size());
    asio::post(executor_, [self = shared_from_this(), piece = std::move(piece), before]() mutable {
      self->push(std::move(piece), before);
    });
  }
  void close(std::uint16_t code, std::string reason) override {
    asio::post(executor_, [self = shared_from_this(), code, reason = std::move(reason)]() mutable {
      self->end(code, std::move(reason), self->limits_.close_ms);
    });
  }
  std::size_t waiting_bytes() const override { return waiting_.get(); }

 private:
  void push(StreamPiece piece, std::size_t waited_before) {
    if (ending_ || finished_) {
      waiting_.remove(piece.size());
      return;
    }
    if (waited_before > stream_waiting_bytes_max) {
      waiting_.remove(piece.size());
      cut_ = true;
      ++stream_figures.cut;
      return end(close_code::try_again_later, {}, limits_.cut_ms);
    }
    queue_.push_back(std::move(piece));
    write();
  }

  void write() {
    if (writing_ || queue_.empty()) return;
    writing_ = std::move(queue_.front());
    queue_.pop_front();
    const std::array<asio::const_buffer, 3> parts{
        asio::buffer(writing_->head), writing_->body ? asio::buffer(*writing_->body) : asio::const_buffer{},
        asio::buffer(writing_->tail)};
    socket_.async_write(parts, [self = shared_from_this()](beast::error_code error, std::size_t) {
      self->waiting_.remove(self->writing_->size());
      if (!error && self->writing_->resume) self->resume_ = self->writing_->resume;
      self->writing_.reset();
      if (error || self->finished_) return self->finish();
      if (self->ending_) return self->close_socket();
      if (self->queue_.empty()) return self->handler_->on_drained();
      self->write();
    });
  }

  void read() {
    socket_.async_read(buffer_, [self = shared_from_this()](beast::error_code error, std::size_t) {
      if (error) return self->finish();
      self->received();
    });
  }
  void received() {
    if (!ending_) {
      if (!socket_.got_text()) {
        end(close_code::unsupported, "text frames only", limits_.close_ms);
      } else if (!allowance_.take(std::chrono::steady_clock::now())) {
        end(close_code::policy, "too many messages", limits_.close_ms);
      } else {
        handler_->on_text(beast::buffers_to_string(buffer_.data()));
      }
    }
    buffer_.consume(buffer_.size());
    if (buffer_.capacity() > kept_buffer_bytes) buffer_.shrink_to_fit();
    // Goes on while the connection closes: the peer's answer to that is read here.
    if (!finished_) read();
  }

  void end(std::uint16_t code, std::string reason, std::int64_t within_ms) {
    if (ending_ || finished_) return;
    ending_ = true;
    code_ = code;
    reason_ = std::move(reason);
    drop_queue();
    deadline_.expires_after(std::chrono::milliseconds(within_ms));
    deadline_.async_wait([weak = weak_from_this()](beast::error_code error) {
      const auto self = weak.lock();
      if (!error && self) beast::get_lowest_layer(self->socket_).close();
    });
    if (open_ && !writing_) close_socket();
  }
  void close_socket() {
    if (cut_ && resume_) reason_ = *resume_;
    if (reason_.size() > close_reason_bytes_max) reason_.clear();
    const ws::close_reason reason(static_cast<ws::close_code>(code_), beast::string_view(reason_));
    socket_.async_close(reason, [self = shared_from_this()](beast::error_code) { self->finish(); });
  }
  void drop_queue() {
    for (const StreamPiece& piece : queue_) waiting_.remove(piece.size());
    queue_.clear();
  }
  void finish() {
    if (finished_) return;
    finished_ = true;
    connections_->remove(this);
    deadline_.cancel();
    drop_queue();
    beast::get_lowest_layer(socket_).close();
    std::exchange(handler_, nullptr)->on_close();
  }

  ws::stream<beast::tcp_stream, false> socket_;
  asio::any_io_executor executor_;
  asio::steady_timer deadline_;
  std::shared_ptr<Connections> connections_;
  const StreamLimits limits_;
  std::shared_ptr<StreamHandler> handler_;
  Allowance allowance_;
  std::optional<UpgradeRequest> request_;
  beast::flat_buffer buffer_;
  std::deque<StreamPiece> queue_;
  std::optional<StreamPiece> writing_;
  std::shared_ptr<const std::string> resume_;
  WaitingBytes waiting_;
  std::uint16_t code_ = 0;
  std::string reason_;
  bool open_ = false, ending_ = false, cut_ = false, finished_ = false;
};

}  // namespace

std::string_view upgrade_fault(const UpgradeRequest& request) {
  if (!ws::is_upgrade(request)) return "send GET with Connection: Upgrade and Upgrade: websocket";
  if (request[bhttp::field::sec_websocket_version] != "13") return "Sec-WebSocket-Version must be 13";
  // 16 bytes in base64.
  const auto key = request[bhttp::field::sec_websocket_key];
  const bool base64 = std::all_of(key.begin(), key.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/' || c == '=';
  });
  if (key.size() != 24 || !base64 || !key.ends_with("=="))
    return "Sec-WebSocket-Key must be 16 bytes in base64";
  return {};
}

std::shared_ptr<Connection> open_web_socket(beast::tcp_stream stream,
                                            std::shared_ptr<Connections> connections,
                                            const StreamLimits& limits, UpgradeRequest request,
                                            std::vector<std::pair<std::string, std::string>> headers,
                                            std::shared_ptr<StreamHandler> handler) {
  auto socket =
      std::make_shared<WebSocket>(std::move(stream), std::move(connections), limits, std::move(handler));
  socket->accept(std::move(request), std::move(headers));
  return socket;
}

}  // namespace parlance::http
