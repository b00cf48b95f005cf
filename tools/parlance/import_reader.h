#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "tools/parlance/report.h"

namespace parlance::tools {

/// The lines of a file, or of standard input ("-"), one at a time in bounded memory. Lines end with LF or CR LF; a byte order mark
/// of UTF-8 is passed over.
class LineReader {
 public:
  /// A line is longer than this: it is passed over, and said to be.
  static constexpr std::size_t line_bytes_max = 1'000'000;

  /// Fails where the file cannot be read, or is UTF-16.
  [[nodiscard]] static Done<LineReader> open(const std::filesystem::path& path);
  ~LineReader();
  LineReader(LineReader&& other) noexcept;
  LineReader& operator=(LineReader&&) = delete;

  enum class Got : std::uint8_t { line, too_long, end };
  /// `line` gets the bytes without the line end; of one that is too long, its beginning.
  [[nodiscard]] Done<Got> next(std::string& line);
  /// Of the line that next() gave, from 1.
  [[nodiscard]] std::uint64_t number() const { return number_; }
  /// The line that next() gave has no line end: the file may have been cut off.
  [[nodiscard]] bool cut() const { return cut_; }
  [[nodiscard]] std::uint64_t bytes_read() const { return bytes_read_; }
  /// Of the whole file; 0 where that is not known.
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  LineReader(std::string name, int file, std::uint64_t bytes);
  enum class Filled : std::uint8_t { more, end };
  [[nodiscard]] Done<Filled> fill();

  std::string name_;
  int file_;
  std::uint64_t bytes_;
  std::vector<char> buffer_;
  std::size_t from_ = 0, to_ = 0;
  std::uint64_t bytes_read_ = 0, number_ = 0;
  bool cut_ = false;
};

}  // namespace parlance::tools
