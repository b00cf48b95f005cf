#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json.hpp>

#include "tools/parlance/report.h"

namespace CLI {
class App;
}

namespace parlance::tools {

namespace json = boost::json;

/// Which server a command asks, and as whom.
struct ServerOptions {
  std::string server;                ///< --server or PARLANCE_SERVER: "http://127.0.0.1:8080"
  std::filesystem::path token_file;  ///< --token-file or PARLANCE_TOKEN_FILE
  std::filesystem::path
      data;  ///< --data: the folder of a server on this machine, for what the two above do not say
  std::filesystem::path keys;  ///< --keys: the keyring of a stopped folder; empty: DATA/keys
  bool explain = false;        ///< say each request on stderr
  bool quiet = false;          ///< no progress
  long seconds_max = 60;       ///< for the answer to a read
};
/// Who may answer: a running server alone, or, where none runs on --data, the folder itself.
enum class Answers : std::uint8_t { server, folder_too };
/// Adds --server, --token-file, --data and --explain, and --keys for what a stopped folder answers too.
void add_server(CLI::App& command, ServerOptions& options, const std::string& data_help,
                Answers answers = Answers::server);

using Query = std::vector<std::pair<std::string, std::string>>;

/// Whether a server, or another command that writes, has the data folder open. An address file alone proves nothing: a server that
/// was killed leaves it.
[[nodiscard]] Done<bool> in_use(const std::filesystem::path& data);

/// Asks a server over HTTP with the token from a file, or a stopped folder. Threads: one.
class Client {
 public:
  /// Fails where nothing says which server or whose token, and where a server is wanted and none runs on the folder.
  [[nodiscard]] static Done<Client> open(const ServerOptions& options, Answers answers);
  ~Client();
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;

  /// The body of a successful answer. `path` as in "/v1/status", its parts escaped. A problem (RFC 9457) becomes the failure that its
  /// status stands for, and says what the problem says.
  [[nodiscard]] Done<json::value> get(const std::string& path, const Query& query = {});
  /// The body as it is, of whatever type `accept` asks for.
  [[nodiscard]] Done<std::string> get_text(const std::string& path, const Query& query,
                                           const std::string& accept);
  /// A command; for those that take as long as reading the log, so it waits as long as the connection stands.
  [[nodiscard]] Done<json::value> post(const std::string& path, const json::object& body = {});
  /// A command whose body is JSON already; `headers` as in "Name: value". It waits a minute at most.
  [[nodiscard]] Done<json::value> post_text(const std::string& path, const std::string& body,
                                            const std::vector<std::string>& headers);
  /// Follows a stream of server-sent events: `event` gets each one's id and data and returns false to end it. `after`: the id of
  /// the last one seen, or empty. Returns when the stream breaks.
  [[nodiscard]] Done<void> follow(
      const std::string& path, const Query& query, const std::string& after,
      const std::function<bool(const std::string& id, const std::string& data)>& event);

 private:
  struct Impl;
  explicit Client(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace parlance::tools
