#include "tools/parlance/stopped_folder.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <system_error>
#include <thread>

#include "tools/parlance/backup_folder.h"
#include "tools/parlance/progress.h"
#include "tools/parlance/server.h"

namespace parlance::tools {
namespace fs = std::filesystem;
namespace {

/// Tables never change once they are written; everything else does, and is small.
bool is_table(const fs::path& path) { return path.extension() == ".sst" || path.extension() == ".blob"; }

/// The databases of a data folder, tables as links.
void copy_database(const fs::path& from, const fs::path& to, std::error_code& error) {
  fs::create_directories(to, error);
  if (error) return;
  for (fs::directory_iterator entry(from, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    const fs::path& path = entry->path();
    const fs::path target = to / path.filename();
    if (entry->is_directory(error)) {
      copy_database(path, target, error);
    } else if (is_table(path)) {
      fs::create_symlink(fs::absolute(path), target, error);
    } else if (path.filename() != "lock" && path.filename() != "LOCK") {
      fs::copy_file(path, target, error);
    }
    if (error) return;
  }
}

/// Attachments' files never change either. Each is a link, so that whatever the look-alike removes is a link.
void link_attachments(const fs::path& from, const fs::path& to, std::error_code& error) {
  for (fs::directory_iterator folder(from, error); !error && folder != fs::directory_iterator();
       folder.increment(error)) {
    if (!folder->is_directory() || folder->path().filename() == "new") continue;
    const fs::path target = to / folder->path().filename();
    fs::create_directories(target, error);
    for (fs::directory_iterator file(folder->path(), error); !error && file != fs::directory_iterator();
         file.increment(error))
      fs::create_symlink(fs::absolute(file->path()), target / file->path().filename(), error);
    if (error) return;
  }
}

Result<fs::path> make_temporary() {
  std::error_code error;
  const fs::path base = fs::temp_directory_path(error);
  if (error) return unavailable("look.temporary", "no temporary folder: " + error.message());
  std::string name = (base / "parlance-look-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr)
    return unavailable("look.temporary", name + " cannot be made: " + std::generic_category().message(errno) +
                                             "; name another place with TMPDIR");
  return fs::path(name);
}

/// What was said of the look-alike, said of the folder that it stands for.
Error of_folder(Error error, const fs::path& look_alike, const fs::path& data) {
  const std::string from = look_alike.string(), to = data.string();
  for (std::size_t at = error.detail.find(from); at != std::string::npos;
       at = error.detail.find(from, at + to.size()))
    error.detail.replace(at, from.size(), to);
  return error;
}

void wait_until_shown(Node& node, bool quiet) {
  const auto behind = [&] {
    std::uint64_t lag = 0;
    for (const ViewStatus& v : node.views().status())
      if (v.health != Health::stopped) lag += v.lag;
    return lag;
  };
  const std::uint64_t total = behind();
  Progress progress("applying what the views lack", "records", total, quiet);
  for (std::uint64_t left = total; left != 0; left = behind()) {
    progress.at(total - std::min(total, left));
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

}  // namespace

StoppedFolder::~StoppedFolder() {
  node_.reset();
  std::error_code ignored;
  if (!look_alike_.empty()) fs::remove_all(look_alike_, ignored);
}

Result<std::unique_ptr<StoppedFolder>> StoppedFolder::open(const fs::path& data, fs::path keys, bool quiet) {
  std::error_code error;
  if (!fs::exists(data / "log" / "format", error) && !fs::exists(data / "log" / "log", error))
    return Error{Errc::not_found, "log.absent", "no log in " + data.string()};
  std::unique_ptr<StoppedFolder> folder(new StoppedFolder);
  auto made = make_temporary();
  if (!made) return made.error();
  folder->look_alike_ = *made;
  for (const char* part : {"log", "fold", "views"}) {
    if (!fs::exists(data / part, error)) continue;
    copy_database(data / part, folder->look_alike_ / part, error);
    if (error)
      return unavailable("look.copy", "reading " + (data / part).string() + " into " +
                                          folder->look_alike_.string() + ": " + error.message());
  }
  if (fs::exists(data / attachments_folder, error)) {
    link_attachments(data / attachments_folder, folder->look_alike_ / attachments_folder, error);
    if (error)
      return unavailable("look.copy",
                         "reading " + (data / attachments_folder).string() + ": " + error.message());
  }
  ServeOptions options;
  options.journal.level = JournalLevel::error;  // what goes wrong with a command it says itself
  options.data = folder->look_alike_;
  options.keys = keys.empty() ? data / "keys" : std::move(keys);
  options.only_look = true;
  auto node = Node::open(std::move(options));
  if (!node) return of_folder(node.error(), folder->look_alike_, data);
  folder->node_ = std::move(*node);
  wait_until_shown(*folder->node_, quiet);
  return folder;
}

http::HttpResponse StoppedFolder::get(const std::string& target) {
  http::HttpRequest request;
  request.method = "GET";
  request.target = target;
  if (!http::parse_target(target, request)) {
    http::HttpResponse refused;
    refused.status = 400;
    refused.body = R"({"title":"malformed","code":"http.target"})";
    return refused;
  }
  return node_->ask(std::move(request));
}

}  // namespace parlance::tools
