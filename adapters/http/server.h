#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/io_context.hpp>

#include "adapters/http/connection.h"
#include "adapters/http/message.h"
#include "engine/base/error.h"

namespace parlance::http {

/// What a client may cost. Times in milliseconds.
struct ServerLimits {
  std::size_t header_bytes = 16 * 1024;
  std::size_t header_lines = 100;
  std::size_t body_bytes = 1024 * 1024;
  std::int64_t header_ms = 10'000;
  std::int64_t body_bytes_per_second = 1024;  ///< a slower body is cut, after header_ms of grace
  std::int64_t idle_ms = 60'000;
  std::int64_t write_ms = 30'000;
  std::int64_t answer_ms = 60'000;  ///< a route that has not answered by then: 503
  std::size_t connections = 10'000;
  std::size_t connections_per_address = 200;  ///< of this machine: as many as of all
  // Of a body that is taken in pieces:
  std::int64_t upload_ms = 15 * 60'000;  ///< in all
  std::int64_t piece_ms = 30'000;        ///< a client that sends nothing for so long: 408
  std::int64_t linger_ms =
      2'000;  ///< how long a refused body is read and thrown away, so that the answer is not lost
  StreamLimits stream;
};

/// HTTP/1.1 on a socket: reads requests one after the other on each connection, hands them to `handler`, writes the answers. Malformed,
/// oversized and slow requests are answered with a problem document and the connection is closed.
class Server {
 public:
  using Handler = std::function<void(HttpRequest, Respond)>;
  /// Asked when a request's head is read: none: its body is read whole and handed to the handler; null: it has answered; else it
  /// takes the body. `respond` makes the way to answer, once.
  using Streams = std::function<std::optional<std::shared_ptr<BodySink>>(
      const HttpRequest& head, const std::function<Respond()>& respond)>;

  /// Binds and listens on "HOST:PORT"; port 0 picks one. `invalid` "http.address", `unavailable` "http.bind".
  [[nodiscard]] static Result<std::unique_ptr<Server>> listen(boost::asio::io_context& io,
                                                              const std::string& address, ServerLimits limits,
                                                              Handler handler, Streams streams = {});
  virtual ~Server() = default;
  /// "127.0.0.1:8080"
  [[nodiscard]] virtual std::string address() const = 0;
  /// Starts taking connections.
  virtual void start() = 0;
  /// Takes no more connections, closes idle ones and streams; those with a request under way close after its answer. `done` is called when
  /// none is left, or when `within_ms` have passed.
  virtual void stop(std::int64_t within_ms, std::function<void()> done) = 0;
  [[nodiscard]] virtual std::size_t connections() const = 0;
  /// Hung up on since the start, because there were too many, in all or of their address.
  [[nodiscard]] virtual std::uint64_t refused_connections() const = 0;
};

}  // namespace parlance::http
