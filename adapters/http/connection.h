#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>

#include "adapters/http/stream.h"

/// The server's connections, of every kind. Inside adapters/http only.
namespace parlance::http {

class Connection {
 public:
  virtual ~Connection() = default;
  /// The server stops: ends soon and in good order. Threads: any.
  virtual void wind_down() = 0;
  /// Closes whatever is under way. Threads: any.
  virtual void cut() = 0;
  /// Whoever keeps a deadline sees whether it has passed, `now` being a steady clock's milliseconds. Threads: any.
  virtual void look_at_deadline(std::int64_t now) { (void)now; }
};

/// Those that are open. They share it, so it may outlive the server. Threads: any.
class Connections {
 public:
  /// `none_left` is called whenever the last one goes; null from then on: nobody is told.
  void on_empty(std::function<void()> none_left) {
    const std::lock_guard lock(mutex_);
    none_left_ = std::move(none_left);
  }
  void add(Connection* connection) {
    const std::lock_guard lock(mutex_);
    open_.insert(connection);
  }
  /// By the destructor of the most derived class, so that wind_down() never meets half an object. May be repeated.
  void remove(Connection* connection) {
    const std::lock_guard lock(mutex_);
    if (open_.erase(connection) != 0 && open_.empty() && none_left_) none_left_();
  }
  void wind_down() {
    const std::lock_guard lock(mutex_);
    for (Connection* connection : open_) connection->wind_down();
  }
  void cut() {
    const std::lock_guard lock(mutex_);
    for (Connection* connection : open_) connection->cut();
  }
  void look_at_deadlines(std::int64_t now) {
    const std::lock_guard lock(mutex_);
    for (Connection* connection : open_) connection->look_at_deadline(now);
  }
  [[nodiscard]] std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return open_.size();
  }

 private:
  mutable std::mutex mutex_;  // guards what follows
  std::unordered_set<Connection*> open_;
  std::function<void()> none_left_;
};

/// How many connections each address has. Threads: any.
class AddressCounts {
 public:
  /// Takes a place of `address`; none: it has as many as it may. The place is given back when the last copy goes.
  [[nodiscard]] static std::shared_ptr<void> take(const std::shared_ptr<AddressCounts>& counts,
                                                  const std::string& address, std::size_t places_max) {
    {
      const std::lock_guard lock(counts->mutex_);
      std::size_t& taken = counts->taken_[address];
      if (taken >= places_max) return nullptr;
      ++taken;
    }
    return {counts.get(), [counts, address](AddressCounts*) {
              const std::lock_guard lock(counts->mutex_);
              if (const auto it = counts->taken_.find(address); --it->second == 0) counts->taken_.erase(it);
            }};
  }

 private:
  std::mutex mutex_;  // guards what follows
  std::unordered_map<std::string, std::size_t> taken_;
};

/// What a stream may cost. Times in milliseconds.
struct StreamLimits {
  std::size_t message_bytes = 64 * 1024;  ///< from the client
  double messages_per_second = 20;        ///< from the client, once the burst is used up
  double messages_burst = 200;
  std::int64_t handshake_ms = 5'000;
  std::int64_t silence_ms = 40'000;   ///< a WebSocket's peer is pinged at half of it, and given up
  std::int64_t write_ms = 30'000;     ///< an endless answer's reader takes nothing for so long: given up
  std::int64_t cut_ms = 5'000;        ///< a slow reader gets so long to take the close
  std::int64_t close_ms = 1'000;      ///< any other
  int send_buffer_bytes = 64 * 1024;  ///< of the operating system, so that a stalled reader costs little
};

using UpgradeRequest = boost::beast::http::request<boost::beast::http::empty_body>;

/// Why a request cannot become a WebSocket, or "".
[[nodiscard]] std::string_view upgrade_fault(const UpgradeRequest& request);

/// Answers the upgrade and goes on as a WebSocket. `headers` join the answer.
[[nodiscard]] std::shared_ptr<Connection> open_web_socket(
    boost::beast::tcp_stream stream, std::shared_ptr<Connections> connections, const StreamLimits& limits,
    UpgradeRequest request, std::vector<std::pair<std::string, std::string>> headers,
    std::shared_ptr<StreamHandler> handler);
/// Writes `head` (status and headers, up to the empty line) and goes on with an endless body; in chunks, or until the connection
/// closes.
[[nodiscard]] std::shared_ptr<Connection> open_endless_answer(boost::beast::tcp_stream stream,
                                                              std::shared_ptr<Connections> connections,
                                                              const StreamLimits& limits, std::string head,
                                                              bool chunked,
                                                              std::shared_ptr<StreamHandler> handler);

}  // namespace parlance::http
