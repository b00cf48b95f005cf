#pragma once
#include <array>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/ports/key_service.h"

namespace parlance {

/// The keyring in a folder of its own, with a backup of its own: whoever has the folder can read all personal data that
/// is not erased; whoever loses it can read none, for ever.
///
/// Three files, which belong together:
///
///   root.key  the root key: 64 hexadecimal digits and a line break. Nobody but its owner may read the file. It wraps
///             the other two and is read when they are, not kept in memory.
///   buckets   the bucket keys, which wrap the vault's key rows
///   secrets   the secret hash keys
///
/// `buckets` and `secrets` have one layout, integers little-endian:
///
///   offset size
///        0    8  "PLBUCKET" or "PLSECRET"
///        8    4  version, 1
///       12    8  serial: how often this file was written, from 1
///       20   16  id of the keyring, random, the same in both
///       36   16  root check: BLAKE2b-128, keyed with the root key, over "parlance root check 1" | id
///       52   24  nonce
///       76    n  ciphertext of: buckets: for each of 65,536 buckets its key (32) and its next key (32, zeros: none);
///                secrets: 64 keys (32 each), that of SecretKey `k` at k - 1, zeros: none yet
///     76+n   16  tag
///
/// XChaCha20-Poly1305; key = BLAKE2b-256, keyed with the root key, over "parlance buckets 1" or "parlance secrets 1" |
/// id; the first 52 bytes as associated data. `buckets` is 4,194,396 bytes long, `secrets` 2,140.
///
/// A file is replaced by writing the new one beside it, syncing that, renaming it, and syncing the folder.
///
/// The keys lie in memory that is locked (never swapped, not in core dumps) where the system's limit allows it; where
/// it does not, a note says so. Threads: any.
class FileKeyring final : public KeyService {
 public:
  /// Makes a keyring in `folder`, which is made too if it is not there; durable when it returns. Refuses
  /// ("keyring.exists") where any of the three files is there, unless a crash cut the making of a keyring short. Only for a log that does not exist yet: a new keyring
  /// opens nothing of an old log.
  [[nodiscard]] static Result<void> create(const std::filesystem::path& folder);

  /// Never makes anything. Rules, each with the path and what to do: "keyring.missing" (`not_found`),
  /// "keyring.loose_mode" (`invalid`: others may read the root key), "keyring.damaged" (`corrupt`), "keyring.mixed"
  /// (`corrupt`: the files are not of one backup), "keyring.newer" (`newer`), "keyring.unreadable" (`unavailable`).
  [[nodiscard]] static Result<std::unique_ptr<FileKeyring>> open(const std::filesystem::path& folder);
  ~FileKeyring() override;

  /// What the operator should know, in sentences; nothing when all is well.
  [[nodiscard]] std::vector<std::string> notes() const;
  [[nodiscard]] RawId keyring_id() const;
  /// Of `buckets`: rises with each change of the bucket keys.
  [[nodiscard]] std::uint64_t serial() const;

  /// 24 random bytes of nonce, the XChaCha20-Poly1305 ciphertext, the tag; under the bucket's next key where it has
  /// one.
  [[nodiscard]] Result<Bytes> wrap(BucketId bucket, ByteView plaintext, ByteView associated) override;
  /// Tries the bucket's key, then its next one.
  [[nodiscard]] Result<Bytes> unwrap(BucketId bucket, ByteView wrapped, ByteView associated) override;
  [[nodiscard]] const Key& secret(SecretKey which) const override;
  [[nodiscard]] std::array<std::uint8_t, 16> fingerprint() const override;

  /// The two halves of destroying bucket keys, so that copies of erased rows in old backups and files of the vault open
  /// no more. Between them the caller re-wraps, durably, every row of these buckets that is to survive.
  ///
  /// Gives each of `buckets` a next key, unless it has one; durable when it returns. From then on wrap() uses that.
  [[nodiscard]] Result<void> add_next_keys(std::span<const BucketId> buckets);
  /// Makes the next key of each of `buckets` its only one; durable when it returns. What was wrapped under the former
  /// key is lost. Buckets without a next key are left alone, so it may be repeated. After an error call it again: what
  /// the file holds is not known until then. Earlier copies of the file still hold the former keys, under the root key.
  [[nodiscard]] Result<void> drop_old_keys(std::span<const BucketId> buckets);

 private:
  FileKeyring();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace parlance
