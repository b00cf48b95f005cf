#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <boost/json.hpp>

#include "tools/parlance/client.h"
#include "tools/parlance/report.h"
#include "tools/parlance/server.h"

namespace parlance::tools {

/// A command on its way, and what came of it.
struct ImportCommand {
  std::uint64_t ticket = 0;  ///< the caller's
  std::string path;
  std::string key;
  std::string as;
  json::object body;
};
struct ImportAnswer {
  std::uint64_t ticket = 0;
  unsigned status = 0;                ///< 0: it is not known what came of it
  bool replayed = false;              ///< it was there before
  bool unchanged = false;             ///< it was so already
  bool opened = false;                ///< a conversation began
  std::string id;                     ///< of the conversation, or of what was made
  std::string code, detail, pointer;  ///< of a refusal
};

/// Where an import goes. The commands given together, or one after the other, are decided in any order; who wants an order waits for
/// answers. Threads: one.
class ImportTarget {
 public:
  virtual ~ImportTarget() = default;
  /// How many commands it takes at once.
  [[nodiscard]] virtual std::size_t at_once_max() const = 0;
  /// Opens the import, or goes on with it.
  [[nodiscard]] virtual Done<void> open() = 0;
  [[nodiscard]] virtual Done<void> close() = 0;
  virtual void send(std::vector<ImportCommand> commands) = 0;
  /// What was answered since; waits up to half a second for the first.
  [[nodiscard]] virtual std::vector<ImportAnswer> answers() = 0;
};

/// Into a node of this process. `node` outlives it.
[[nodiscard]] std::unique_ptr<ImportTarget> import_into(Node& node, const std::string& name);
/// To a server, many commands a request.
[[nodiscard]] Done<std::unique_ptr<ImportTarget>> import_to(const ServerOptions& server,
                                                            const std::string& name);

}  // namespace parlance::tools
