#pragma once
#include <filesystem>

#include "adapters/files/durable_file.h"

/// Small durable files under the log's names for what may go wrong.
namespace parlance::embedded {

using files::FileDescriptor;

inline constexpr files::Durable log_files{files::Rules{.no_space = "log.no_space",
                                                       .read_only = "log.folder_read_only",
                                                       .not_permitted = "log.not_permitted",
                                                       .absent = "log.file_absent",
                                                       .not_a_folder = "log.not_ours",
                                                       .too_long = "log.file_too_long",
                                                       .io = "log.io"}};

[[nodiscard]] inline Error file_error(int error_number, std::string_view doing,
                                      const std::filesystem::path& path) {
  return log_files.error(error_number, doing, path);
}
[[nodiscard]] inline Result<void> write_file_durably(const std::filesystem::path& path, ByteView bytes) {
  return log_files.replace(path, bytes);
}
[[nodiscard]] inline Result<Bytes> read_small_file(const std::filesystem::path& path, std::size_t bytes_max) {
  return log_files.read(path, bytes_max);
}
[[nodiscard]] inline Result<void> make_folder_durably(const std::filesystem::path& folder) {
  return log_files.make_folder(folder);
}
[[nodiscard]] inline Result<void> sync_folder(const std::filesystem::path& folder) {
  return log_files.sync_folder(folder);
}
[[nodiscard]] inline Result<void> write_at(const FileDescriptor& file, std::uint64_t at, ByteView bytes,
                                           const std::filesystem::path& path) {
  return log_files.write_at(file, at, bytes, path);
}

}  // namespace parlance::embedded
