#pragma once
#include <filesystem>
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
  bool explain = false;  ///< say each request on stderr
};
/// Adds --server, --token-file, --data and --explain.
void add_server(CLI::App& command, ServerOptions& options, const std::string& data_help);

using Query = std::vector<std::pair<std::string, std::string>>;

/// Talks to a server over HTTP, with the token from a file. Threads: one.
class Client {
 public:
  /// Fails where nothing says which server or whose token, and where the folder's server does not run.
  [[nodiscard]] static Done<Client> open(const ServerOptions& options);
  ~Client();
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;

  /// The body of a successful answer. `path` as in "/v1/status", its parts escaped. A problem (RFC 9457) becomes the failure that its
  /// status stands for, and says what the problem says.
  [[nodiscard]] Done<json::value> get(const std::string& path, const Query& query = {});
  /// An empty command; for those that take as long as reading the log, so it waits as long as the connection stands.
  [[nodiscard]] Done<json::value> post(const std::string& path);
  /// A command with its body, as a value or as JSON already; `headers` as in "Name: value".
  [[nodiscard]] Done<json::value> post(const std::string& path, const json::value& body);
  [[nodiscard]] Done<json::value> post_text(const std::string& path, const std::string& body,
                                            const std::vector<std::string>& headers = {});

 private:
  struct Impl;
  explicit Client(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace parlance::tools
