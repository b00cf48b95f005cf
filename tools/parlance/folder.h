#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "adapters/embedded/blob_folder.h"
#include "adapters/embedded/embedded_log.h"
#include "adapters/files/durable_file.h"
#include "adapters/keyring/file_keyring.h"
#include "engine/base/error.h"
#include "engine/ports/row_store.h"

namespace parlance::tools {

/// Files of the data folder itself: small, and nobody's but their owner's.
inline constexpr files::Durable folder_files{files::Rules{.no_space = "folder.read_only",
                                                          .read_only = "folder.read_only",
                                                          .not_permitted = "folder.not_permitted",
                                                          .absent = "folder.read_only",
                                                          .not_a_folder = "folder.not_ours",
                                                          .too_long = "folder.not_ours",
                                                          .io = "folder.unwritable"}};

/// A data folder:
///
///   log/         the log and the vault (adapters/embedded)
///   fold/        the write side's disposable rows
///   views/       the read side's disposable rows
///   files/       attached files, sealed (adapters/embedded/blob_folder.h)
///   keys/        the keyring, unless it lies elsewhere
///   admin.token  an administrator's token, mode 600
///   address      where the server listens, while it runs
struct Folder {
  std::filesystem::path dir;
  std::filesystem::path keys_dir;
  std::unique_ptr<EmbeddedLog> log;
  std::unique_ptr<FileKeyring> keys;
  std::unique_ptr<RowStore> fold;
  std::unique_ptr<RowStore> views;
  std::unique_ptr<BlobStore> files;
  bool created = false;  ///< this start made it
  /// What was wrong with the views' rows, which are to be made again from the log; empty: nothing was.
  std::string views_lost{};
  std::vector<std::string> notes;  ///< what the operator should know
};

struct FolderOptions {
  std::function<void(const Error&)> fail_stop{};  ///< of EmbeddedLogOptions
  std::uint64_t space_reserve_bytes = EmbeddedLogOptions{}.space_reserve_bytes;
};
/// Opens a folder for serving; makes it when it is absent or empty. Rows that cannot be trusted are deleted, to be folded again from the
/// log. Refusals name the folder and what to do: "folder.not_ours", and those of the log and the keyring.
[[nodiscard]] Result<Folder> open_folder(const std::filesystem::path& dir,
                                         const std::filesystem::path& keys_dir, PartitionId partitions,
                                         FolderOptions options = {});
/// "keyring.other_log" where `log` was made with another keyring than `keys`.
[[nodiscard]] Result<void> check_keyring(const EventLog& log, const FileKeyring& keys,
                                         const std::filesystem::path& keys_dir);
/// Opens the log alone, to write: no server runs on the folder meanwhile (`locked` where one does). Makes nothing.
[[nodiscard]] Result<std::unique_ptr<EmbeddedLog>> open_log_alone(const std::filesystem::path& dir);
/// Opens the log alone, for reading; a server may be running on it. What that does to files may look like damage: see LogReader.
[[nodiscard]] Result<std::unique_ptr<EmbeddedLog>> open_log_to_read(const std::filesystem::path& dir);

}  // namespace parlance::tools
