#pragma once
#include <filesystem>
#include <memory>
#include <string>

#include "adapters/http/message.h"
#include "engine/base/error.h"

namespace parlance::tools {

class Node;

/// The API of a folder on which no server runs, as its administrator would read it.
///
/// The folder is not touched, nor its lock: this process opens a look-alike of its own in a temporary folder, where the big files
/// are links, folds there what the views had not applied yet, and answers from that. Nothing that has become due since the server stopped
/// happens. Threads: one.
class StoppedFolder {
 public:
  /// `keys` empty: DATA/keys. Errors: those of opening the log and the keyring.
  [[nodiscard]] static Result<std::unique_ptr<StoppedFolder>> open(const std::filesystem::path& data,
                                                                   std::filesystem::path keys, bool quiet);
  ~StoppedFolder();
  StoppedFolder(const StoppedFolder&) = delete;
  StoppedFolder& operator=(const StoppedFolder&) = delete;

  /// `target` as in a request line: "/v1/conversations?limit=5".
  [[nodiscard]] http::HttpResponse get(const std::string& target);

 private:
  StoppedFolder() = default;
  std::filesystem::path look_alike_;
  std::unique_ptr<Node> node_;
};

}  // namespace parlance::tools
