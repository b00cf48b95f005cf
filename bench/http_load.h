#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <sys/types.h>
#include <vector>

/// What the benches over HTTP share: the server as a process of its own, a bare one beside it, and clients that load either. Errors end
/// the program with a message: a bench that cannot measure has no figure. Threads: one.
namespace parlance::bench {

/// A process that is killed at the end.
class Process {
 public:
  explicit Process(pid_t pid = 0) : pid_(pid) {}
  ~Process() { end(); }
  Process(Process&& other) noexcept;
  Process& operator=(Process&& other) noexcept;
  [[nodiscard]] pid_t pid() const { return pid_; }
  /// Sends the signal and waits for its end.
  void end(int signal = 9);
  /// Processor time so far, in seconds, and resident memory, in bytes.
  [[nodiscard]] double cpu_s() const;
  [[nodiscard]] std::uint64_t resident_bytes() const;

 private:
  pid_t pid_;
};

/// `parlance serve` on a folder: PARLANCE_PROGRAM, or parlance in the folder above this program's.
struct Server {
  Process process;
  unsigned short port = 0;
  std::string token;   ///< the administrator's
  double ready_s = 0;  ///< from its start to the first answer of /readyz
};
[[nodiscard]] std::filesystem::path program();
[[nodiscard]] Server serve(const std::filesystem::path& data);

/// A Beast server of two threads that parses a request and answers the same bytes to each: the path's limit.
struct BareServer {
  Process process;
  unsigned short port = 0;
};
[[nodiscard]] BareServer bare_server(std::string body);

/// A whole request for a keep-alive connection.
[[nodiscard]] std::string get(const std::string& path, const std::string& token);
[[nodiscard]] std::string post(const std::string& path, const std::string& token, const std::string& body);
/// Sends one request and returns the answer's body, which must be a success.
[[nodiscard]] std::string ask(unsigned short port, const std::string& request);
/// The text member of a JSON object, by the first that is called so; "" without one.
[[nodiscard]] std::string member(const std::string& body, const std::string& name);

struct Figures {
  double per_second = 0, p50_ms = 0, p99_ms = 0, cpu_us = 0;  ///< processor time of the server, an answer
  std::uint64_t refused = 0;
};
/// The n-th request of a client.
using Requests = std::function<std::string(unsigned client, std::uint64_t n)>;
/// So many clients, each sending its next request when the last is answered.
[[nodiscard]] Figures load(unsigned short port, const Process& server, unsigned clients, double seconds,
                           const Requests& requests);
/// The run in the middle, by answers a second.
[[nodiscard]] Figures median(std::vector<Figures> all);
void print(const char* what, const Figures& figures);

}  // namespace parlance::bench
