#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

/// A connection that goes on after its answer: a WebSocket, or an answer without an end (SSE). Without the library that carries it.
namespace parlance::http {

/// One message of a WebSocket, or some of the text of an endless answer: head, body and tail in one. Many may share a body.
struct StreamPiece {
  std::string head;
  std::shared_ptr<const std::string> body;  ///< null: none
  std::string tail;
  /// From where somebody goes on who has everything up to this piece; null: from where one did before it.
  std::shared_ptr<const std::string> resume;
  [[nodiscard]] std::size_t size() const { return head.size() + (body ? body->size() : 0) + tail.size(); }
};

/// A piece is taken while no more than this waits for the reader; the one too many ends the stream.
inline constexpr std::size_t stream_waiting_bytes_max = 1024 * 1024;

/// All streams of the process together, for metrics. Threads: any.
struct StreamFigures {
  std::atomic<std::size_t> waiting_bytes{0};
  std::atomic<std::uint64_t> cut{0};  ///< because too much waited
};
inline StreamFigures stream_figures;

/// What waits in one stream, counted among all of them too. Threads: any.
class WaitingBytes {
 public:
  WaitingBytes() = default;
  ~WaitingBytes() { stream_figures.waiting_bytes -= bytes_; }
  WaitingBytes(const WaitingBytes&) = delete;
  WaitingBytes& operator=(const WaitingBytes&) = delete;
  /// Returns how many waited before.
  std::size_t add(std::size_t bytes) {
    stream_figures.waiting_bytes += bytes;
    return bytes_.fetch_add(bytes);
  }
  void remove(std::size_t bytes) {
    stream_figures.waiting_bytes -= bytes;
    bytes_ -= bytes;
  }
  [[nodiscard]] std::size_t get() const { return bytes_; }

 private:
  std::atomic<std::size_t> bytes_{0};
};

/// What to write to. Threads: any.
class Stream {
 public:
  virtual ~Stream() = default;
  /// Queues a piece. Where stream_waiting_bytes_max already wait, the stream is cut instead: what waits is dropped, and a WebSocket
  /// is closed with code 1013, its reason being the `resume` of the last piece that went out whole.
  virtual void send(StreamPiece piece) = 0;
  /// Drops what waits and ends the stream in good order, or after a second at the latest. `code` is for a WebSocket.
  virtual void close(std::uint16_t code, std::string reason) = 0;
  /// Bytes taken and not yet given to the operating system.
  [[nodiscard]] virtual std::size_t waiting_bytes() const = 0;
};

/// What reads, and is told. Calls come one after the other, on any thread: on_open() first, on_close() last and once.
class StreamHandler {
 public:
  virtual ~StreamHandler() = default;
  virtual void on_open(std::shared_ptr<Stream> stream) = 0;
  /// A text message of a WebSocket: valid UTF-8, at most 64 KiB.
  virtual void on_text(std::string text) = 0;
  /// Nothing waits any more.
  virtual void on_drained() = 0;
  virtual void on_close() = 0;
};

namespace close_code {
inline constexpr std::uint16_t going_away = 1001, unsupported = 1003, bad_payload = 1007, policy = 1008,
                               try_again_later = 1013;
}

}  // namespace parlance::http
