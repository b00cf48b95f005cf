#include "tools/parlance/import_reader.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include <fmt/core.h>

namespace parlance::tools {
namespace {
constexpr std::size_t buffer_bytes = 256 * 1024;
constexpr std::string_view utf8_mark = "\xef\xbb\xbf";
}  // namespace

LineReader::LineReader(std::string name, int file, std::uint64_t bytes)
    : name_(std::move(name)), file_(file), bytes_(bytes), buffer_(buffer_bytes) {}
LineReader::LineReader(LineReader&& other) noexcept
    : name_(std::move(other.name_)),
      file_(std::exchange(other.file_, -1)),
      bytes_(other.bytes_),
      buffer_(std::move(other.buffer_)),
      from_(other.from_),
      to_(other.to_),
      bytes_read_(other.bytes_read_),
      number_(other.number_),
      cut_(other.cut_) {}
LineReader::~LineReader() {
  if (file_ > STDIN_FILENO) ::close(file_);
}

Done<LineReader> LineReader::open(const std::filesystem::path& path) {
  const bool standard = path == "-";
  const int file = standard ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return Failure{errno == ENOENT ? Exit::not_found : Exit::failed,
                   fmt::format("{}: {}", path.string(), std::strerror(errno))};
  struct stat about {};
  const bool known = ::fstat(file, &about) == 0;
  LineReader reader(standard ? "standard input" : path.string(), file,
                    known && S_ISREG(about.st_mode) ? static_cast<std::uint64_t>(about.st_size) : 0);
  if (known && S_ISDIR(about.st_mode))
    return Failure{Exit::failed, fmt::format("{} is a folder; name its files", path.string())};
  // The marks are told from what the first read gives; a pipe may give less than a mark at first.
  while (reader.to_ < utf8_mark.size()) {
    auto more = reader.fill();
    if (!more) return more.error();
    if (*more == Filled::end) break;
  }
  const std::string_view begin(reader.buffer_.data(), reader.to_);
  if (begin.starts_with("\xff\xfe") || begin.starts_with("\xfe\xff"))
    return Failure{Exit::failed, fmt::format("{} is UTF-16; import takes UTF-8", reader.name_)};
  if (begin.starts_with(utf8_mark)) {
    reader.from_ = utf8_mark.size();
    reader.bytes_read_ = utf8_mark.size();
  }
  return reader;
}

Done<LineReader::Filled> LineReader::fill() {
  if (from_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + from_, to_ - from_);
    to_ -= from_;
    from_ = 0;
  }
  if (to_ == buffer_.size()) return Filled::more;
  for (;;) {
    const ssize_t got = ::read(file_, buffer_.data() + to_, buffer_.size() - to_);
    if (got > 0) to_ += static_cast<std::size_t>(got);
    if (got >= 0) return got > 0 ? Filled::more : Filled::end;
    if (errno != EINTR) return Failure{Exit::failed, fmt::format("{}: {}", name_, std::strerror(errno))};
  }
}

Done<LineReader::Got> LineReader::next(std::string& line) {
  line.clear();
  cut_ = false;
  bool too_long = false;
  for (bool any = false;;) {
    const char* begin = buffer_.data() + from_;
    const char* end = static_cast<const char*>(std::memchr(begin, '\n', to_ - from_));
    const std::size_t piece = end != nullptr ? static_cast<std::size_t>(end - begin) : to_ - from_;
    const std::size_t room = line_bytes_max + 1 - std::min(line.size(), line_bytes_max + 1);
    line.append(begin, std::min(piece, room));
    too_long = too_long || line.size() > line_bytes_max;
    from_ += piece + (end != nullptr ? 1 : 0);
    bytes_read_ += piece + (end != nullptr ? 1 : 0);
    any = any || piece > 0 || end != nullptr;
    if (end != nullptr) break;
    auto more = fill();
    if (!more) return more.error();
    if (*more == Filled::more) continue;
    if (!any) return Got::end;
    cut_ = true;
    break;
  }
  ++number_;
  if (line.ends_with('\r')) line.pop_back();
  if (!too_long) return Got::line;
  line.resize(100);
  return Got::too_long;
}

}  // namespace parlance::tools
