#include <array>
#include <chrono>
#include <cstdio>
#include <deque>
#include <optional>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

#include "adapters/http/connection.h"

namespace parlance::http {
namespace asio = boost::asio;
using tcp = asio::ip::tcp;
namespace {

/// What is not said otherwise runs on the socket's strand.
class EndlessAnswer final : public Connection,
                            public Stream,
                            public std::enable_shared_from_this<EndlessAnswer> {
 public:
  EndlessAnswer(tcp::socket socket, std::shared_ptr<Connections> connections, const StreamLimits& limits,
                std::string head, bool chunked, std::shared_ptr<StreamHandler> handler)
      : socket_(std::move(socket)),
        executor_(socket_.get_executor()),
        deadline_(executor_),
        connections_(std::move(connections)),
        limits_(limits),
        head_(std::move(head)),
        chunked_(chunked),
        handler_(std::move(handler)) {}
  ~EndlessAnswer() override { connections_->remove(this); }

  void start() {
    connections_->add(this);
    handler_->on_open(shared_from_this());
    watch_peer();
    write_parts({asio::buffer(head_), asio::const_buffer{}, asio::const_buffer{}},
                [](EndlessAnswer& self) { self.head_.clear(); });
  }

  // ---- any thread ----

  void wind_down() override {
    asio::post(executor_, [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->end();
    });
  }
  void cut() override {
    asio::post(executor_, [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->finish();
    });
  }
  void send(StreamPiece piece) override {
    const std::size_t before = waiting_.add(piece.size());
    asio::post(executor_, [self = shared_from_this(), piece = std::move(piece), before]() mutable {
      self->push(std::move(piece), before);
    });
  }
  void close(std::uint16_t, std::string) override {
    asio::post(executor_, [self = shared_from_this()] { self->end(); });
  }
  std::size_t waiting_bytes() const override { return waiting_.get(); }

 private:
  using Parts = std::array<asio::const_buffer, 3>;

  void push(StreamPiece piece, std::size_t waited_before) {
    const bool too_slow = waited_before > stream_waiting_bytes_max;
    if (ending_ || finished_ || too_slow || piece.size() == 0) {
      if (too_slow && !ending_ && !finished_) ++stream_figures.cut;
      waiting_.remove(piece.size());
      // Whoever reads `id:` knows where to go on; a broken end tells it that this was not all.
      if (too_slow) finish();
      return;
    }
    queue_.push_back(std::move(piece));
    write();
  }

  void write() {
    if (busy_ || finished_) return;
    if (queue_.empty()) {
      if (ending_) return end_body();
      return handler_->on_drained();
    }
    writing_ = std::move(queue_.front());
    queue_.pop_front();
    waiting_left_ = writing_->size();
    if (chunked_) {
      std::array<char, 24> length{};
      (void)std::snprintf(length.data(), length.size(), "%zx\r\n", writing_->size());
      writing_->head.insert(0, length.data());
      writing_->tail += "\r\n";
    }
    write_parts(
        {asio::buffer(writing_->head), writing_->body ? asio::buffer(*writing_->body) : asio::const_buffer{},
         asio::buffer(writing_->tail)},
        [](EndlessAnswer& self) {
          self.waiting_.remove(self.waiting_left_);
          self.waiting_left_ = 0;
          self.writing_.reset();
        });
  }

  template <class Done> void write_parts(const Parts& parts, Done done) {
    busy_ = true;
    wait_at_most(ending_ ? limits_.close_ms : limits_.write_ms);
    asio::async_write(socket_, parts,
                      [self = shared_from_this(), done](boost::system::error_code error, std::size_t) {
                        self->busy_ = false;
                        done(*self);
                        if (error) return self->finish();
                        if (!self->ending_) self->deadline_.cancel();
                        self->write();
                      });
  }

  void end() {
    if (ending_ || finished_) return;
    ending_ = true;
    drop_queue();
    wait_at_most(limits_.close_ms);
    write();
  }
  void end_body() {
    if (!chunked_ || ended_) return finish();
    ended_ = true;
    static constexpr std::string_view last_chunk = "0\r\n\r\n";
    write_parts(
        {asio::buffer(last_chunk.data(), last_chunk.size()), asio::const_buffer{}, asio::const_buffer{}},
        [](EndlessAnswer&) {});
  }

  /// The peer has nothing more to say: whatever comes, or its going away, ends it.
  void watch_peer() {
    socket_.async_read_some(
        asio::buffer(unwanted_),
        [self = shared_from_this()](boost::system::error_code, std::size_t) { self->finish(); });
  }

  void wait_at_most(std::int64_t ms) {
    deadline_.expires_after(std::chrono::milliseconds(ms));
    deadline_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
      const auto self = weak.lock();
      if (!error && self) self->finish();
    });
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
    boost::system::error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
    socket_.close(ignored);
    std::exchange(handler_, nullptr)->on_close();
  }

  tcp::socket socket_;
  asio::any_io_executor executor_;
  asio::steady_timer deadline_;
  std::shared_ptr<Connections> connections_;
  const StreamLimits limits_;
  std::string head_;
  const bool chunked_;
  std::shared_ptr<StreamHandler> handler_;
  std::deque<StreamPiece> queue_;
  std::optional<StreamPiece> writing_;
  std::size_t waiting_left_ = 0;
  std::array<char, 64> unwanted_{};
  WaitingBytes waiting_;
  bool busy_ = false, ending_ = false, ended_ = false, finished_ = false;
};

}  // namespace

std::shared_ptr<Connection> open_endless_answer(boost::beast::tcp_stream stream,
                                                std::shared_ptr<Connections> connections,
                                                const StreamLimits& limits, std::string head, bool chunked,
                                                std::shared_ptr<StreamHandler> handler) {
  auto answer = std::make_shared<EndlessAnswer>(stream.release_socket(), std::move(connections), limits,
                                                std::move(head), chunked, std::move(handler));
  answer->start();
  return answer;
}

}  // namespace parlance::http
