#include "adapters/keyring/file_keyring.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <sodium.h>
#include <string_view>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include "adapters/files/durable_file.h"
#include "adapters/keyring/locked_memory.h"
#include "engine/base/assert.h"
#include "engine/base/hash.h"

namespace parlance {
namespace {

namespace fs = std::filesystem;

// ---- the layout ----

constexpr std::size_t key_bytes = sizeof(Key);
constexpr std::size_t nonce_bytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t tag_bytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
constexpr std::size_t buckets_count = 65'536;
constexpr std::size_t secrets_max = 64;
constexpr std::uint32_t file_version = 1;
constexpr std::size_t magic_bytes = 8;
constexpr std::size_t head_bytes = magic_bytes + 4 + 8 + 16 + 16;
constexpr std::size_t sealing_bytes = head_bytes + nonce_bytes + tag_bytes;
constexpr std::size_t root_text_bytes = 2 * key_bytes + 1;
static_assert(head_bytes == 52 && nonce_bytes == 24 && tag_bytes == 16);
static_assert(secrets_max >= secret_keys);

/// One of the two sealed files.
struct Kind {
  std::string_view name;
  std::string_view magic;
  std::string_view label;
  std::size_t inner_bytes;
};
constexpr Kind buckets_file{"buckets", "PLBUCKET", "parlance buckets 1", buckets_count * 2 * key_bytes};
constexpr Kind secrets_file{"secrets", "PLSECRET", "parlance secrets 1", secrets_max* key_bytes};
constexpr std::string_view root_name = "root.key";

struct Head {
  std::uint64_t serial = 1;
  RawId keyring;
};

// ---- errors ----

/// A keyring that cannot be written is one rule, whatever the reason; the reason is in the text.
constexpr files::Durable key_files{files::Rules{.no_space = "keyring.unwritable",
                                                .read_only = "keyring.unwritable",
                                                .not_permitted = "keyring.unwritable",
                                                .absent = "keyring.unwritable",
                                                .not_a_folder = "keyring.unwritable",
                                                .too_long = "keyring.unwritable",
                                                .io = "keyring.unwritable"}};

constexpr std::string_view restore =
    " Restore the whole folder from the newest backup of the keyring: without it no personal data of this "
    "log can be read "
    "again.";

Error missing(const fs::path& path) {
  return {Errc::not_found, "keyring.missing",
          path.string() + " is not there." + std::string(restore) + " Nothing is made anew in its place."};
}
Error damaged(const fs::path& path, std::string_view what) {
  return corrupt("keyring.damaged", path.string() + ": " + std::string(what) + "." + std::string(restore));
}
Error mixed(const fs::path& path, std::string_view what) {
  return corrupt("keyring.mixed", path.string() + ": " + std::string(what) +
                                      ". root.key, buckets and secrets of one backup belong together." +
                                      std::string(restore));
}
Error unreadable(const fs::path& path, int reason) {
  return unavailable("keyring.unreadable", path.string() + ": " + std::generic_category().message(reason));
}
Error no_memory() { return unavailable("keyring.unreadable", "no memory is left for the keys"); }

// ---- hashes ----

void keyed_hash(std::span<const std::uint8_t> key, std::string_view label, ByteView rest,
                std::span<std::uint8_t> out) {
  const Bytes input = ByteWriter().raw(as_bytes(label)).raw(rest).take();
  const int failed =
      crypto_generichash_blake2b(out.data(), out.size(), input.data(), input.size(), key.data(), key.size());
  PARLANCE_ASSERT(failed == 0, "BLAKE2b of the crypto library works");
}

/// What stands before the nonce, and is authenticated with what follows.
Bytes head_of(const Kind& kind, const Head& head, const LockedMemory& root) {
  std::array<std::uint8_t, 16> check;
  keyed_hash(root.bytes(), "parlance root check 1", head.keyring.bytes(), check);
  return ByteWriter()
      .raw(as_bytes(kind.magic))
      .le(file_version)
      .le(head.serial)
      .id(head.keyring)
      .raw(check)
      .take();
}

/// Empty where no memory is left.
LockedMemory file_key(const Kind& kind, RawId keyring, const LockedMemory& root) {
  LockedMemory key(key_bytes);
  if (!key.bytes().empty()) keyed_hash(root.bytes(), kind.label, keyring.bytes(), key.bytes());
  return key;
}

// ---- files ----

/// Reads a file into `to`, as much of it as there is room for, and returns how much that is.
Result<std::size_t> read_file(const fs::path& path, bool owner_only, std::span<std::uint8_t> to) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return errno == ENOENT || errno == ENOTDIR ? missing(path) : unreadable(path, errno);
  const struct Close {
    int fd;
    ~Close() { ::close(fd); }
  } close{fd};
  struct stat status {};
  if (::fstat(fd, &status) != 0) return unreadable(path, errno);
  if (!S_ISREG(status.st_mode)) return damaged(path, "this is not a file");
  if (owner_only && (status.st_mode & 077) != 0) {
    std::array<char, 8> mode{};
    std::snprintf(mode.data(), mode.size(), "%03o", static_cast<unsigned>(status.st_mode & 0777));
    return invalid("keyring.loose_mode",
                   path.string() + " has mode " + mode.data() +
                       ", so others than its owner may read or change it. Set it right with: "
                       "chmod 600 " +
                       path.string());
  }
  std::size_t size = 0;
  while (size < to.size()) {
    const ssize_t got = ::read(fd, &to[size], to.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return unreadable(path, errno);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  return size;
}

Result<LockedMemory> read_root(const fs::path& folder) {
  const fs::path path = folder / root_name;
  LockedMemory text(root_text_bytes + 1),
      root(key_bytes);  // One byte more than it should have shows that it has more.
  if (text.bytes().empty() || root.bytes().empty()) return no_memory();
  const auto size = read_file(path, true, text.bytes());
  if (!size) return size.error();
  const auto digits = reinterpret_cast<const char*>(text.bytes().data());
  // Without a place to tell where it ended, only all of the digits are good.
  if (*size != root_text_bytes || digits[root_text_bytes - 1] != '\n' ||
      sodium_hex2bin(root.bytes().data(), key_bytes, digits, 2 * key_bytes, nullptr, nullptr, nullptr) != 0)
    return damaged(path, "it does not hold 64 hexadecimal digits and a line break");
  return root;
}

Result<void> write_root(const fs::path& path, const LockedMemory& root) {
  LockedMemory text(root_text_bytes + 1);
  if (text.bytes().empty()) return no_memory();
  sodium_bin2hex(reinterpret_cast<char*>(text.bytes().data()), text.bytes().size(), root.bytes().data(),
                 key_bytes);
  text.bytes()[root_text_bytes - 1] = '\n';
  return key_files.write_synced(path, text.bytes().first(root_text_bytes));
}

Result<void> write_sealed(const fs::path& path, const Kind& kind, const Head& head, const LockedMemory& root,
                          const LockedMemory& inner) {
  const LockedMemory key = file_key(kind, head.keyring, root);
  if (key.bytes().empty()) return no_memory();
  Bytes out = head_of(kind, head, root);
  out.resize(sealing_bytes + kind.inner_bytes);
  std::uint8_t* const nonce = &out[head_bytes];
  randombytes_buf(nonce, nonce_bytes);
  crypto_aead_xchacha20poly1305_ietf_encrypt(nonce + nonce_bytes, nullptr, inner.bytes().data(),
                                             kind.inner_bytes, out.data(), head_bytes, nullptr, nonce,
                                             key.bytes().data());
  return key_files.write_synced(path, out);
}

struct SealedFile {
  Head head;
  LockedMemory inner;
};

Result<SealedFile> read_sealed(const fs::path& folder, const Kind& kind, const LockedMemory& root) {
  const fs::path path = folder / kind.name;
  const std::size_t expected = sealing_bytes + kind.inner_bytes;
  Bytes memory(expected + 1);
  const auto size = read_file(path, false, memory);
  if (!size) return size.error();
  const ByteView bytes = ByteView(memory).first(*size);

  ByteReader in(bytes);
  const auto magic = as_text(in.take(magic_bytes));
  const auto version = in.le<std::uint32_t>();
  SealedFile opened{.head = {.serial = in.le<std::uint64_t>(), .keyring = in.id()},
                    .inner = LockedMemory(kind.inner_bytes)};
  if (!in.ok() || magic != kind.magic) return damaged(path, "this is no such file");
  if (version != file_version)
    return Error{Errc::newer, "keyring.newer",
                 path.string() + " has version " + std::to_string(version) + ", written by a newer program"};
  if (*size != expected)
    return damaged(path, "it has " + std::string(*size < expected ? "fewer" : "more") + " than its " +
                             std::to_string(expected) + " bytes");
  const Bytes head = head_of(kind, opened.head, root);
  if (!std::ranges::equal(head, bytes.first(head_bytes)))
    return mixed(path, "it was written under another root key");

  const LockedMemory key = file_key(kind, opened.head.keyring, root);
  if (key.bytes().empty() || opened.inner.bytes().empty()) return no_memory();
  const std::uint8_t* const nonce = &bytes[head_bytes];
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(opened.inner.bytes().data(), nullptr, nullptr,
                                                 nonce + nonce_bytes, kind.inner_bytes + tag_bytes,
                                                 head.data(), head.size(), nonce, key.bytes().data()) != 0)
    return damaged(path, "its bytes have changed since it was written");
  return opened;
}

// ---- the table ----

std::span<std::uint8_t> current_key(const LockedMemory& table, BucketId bucket) {
  return table.bytes().subspan(std::size_t{bucket} * 2 * key_bytes, key_bytes);
}
std::span<std::uint8_t> next_key(const LockedMemory& table, BucketId bucket) {
  return table.bytes().subspan(std::size_t{bucket} * 2 * key_bytes + key_bytes, key_bytes);
}
bool is_set(std::span<const std::uint8_t> key) { return sodium_is_zero(key.data(), key.size()) == 0; }

/// A bucket's keys outside the table, gone from memory with this object.
struct BucketKeys {
  Key current{};
  std::optional<Key> next;
  BucketKeys() = default;
  ~BucketKeys() {
    sodium_memzero(current.data(), current.size());
    if (next) sodium_memzero(next->data(), next->size());
  }
  BucketKeys(const BucketKeys&) = delete;
  BucketKeys& operator=(const BucketKeys&) = delete;
};

bool unwrap_with(const Key& key, ByteView wrapped, ByteView associated, Bytes& out) {
  return crypto_aead_xchacha20poly1305_ietf_decrypt(out.data(), nullptr, nullptr, &wrapped[nonce_bytes],
                                                    wrapped.size() - nonce_bytes, associated.data(),
                                                    associated.size(), wrapped.data(), key.data()) == 0;
}

}  // namespace

struct FileKeyring::Impl {
  void read_keys(BucketId bucket, BucketKeys& out) const {
    const std::shared_lock lock(mutex);
    std::memcpy(out.current.data(), current_key(table, bucket).data(), key_bytes);
    if (const auto next = next_key(table, bucket); is_set(next)) {
      out.next.emplace();
      std::memcpy(out.next->data(), next.data(), key_bytes);
    }
  }

  /// Changes a copy of the table, makes it durable, and only then takes it.
  template <class Change> Result<void> change_table(std::span<const BucketId> buckets, Change change) {
    const std::scoped_lock one_at_a_time(changing);
    LockedMemory changed(buckets_file.inner_bytes);
    if (changed.bytes().empty()) return no_memory();
    std::memcpy(changed.bytes().data(), table.bytes().data(), buckets_file.inner_bytes);
    bool any = false;
    for (const BucketId bucket : buckets) any = change(changed, bucket) || any;
    if (!any) return {};
    changed.make_read_only();

    const auto root = read_root(folder);
    if (!root) return root.error();
    const Head head{buckets_head.serial + 1, buckets_head.keyring};
    const fs::path path = folder / buckets_file.name;
    fs::path beside = path;
    beside += ".new";
    if (auto done = write_sealed(beside, buckets_file, head, *root, changed); !done) return done;
    if (auto done = key_files.rename(beside, path); !done) return done;
    if (auto done = key_files.sync_folder(folder); !done) return done;

    const std::unique_lock lock(mutex);
    table = std::move(changed);
    buckets_head = head;
    return {};
  }

  fs::path folder;
  LockedMemory secrets;
  std::mutex changing;              ///< held by one change of the table at a time
  mutable std::shared_mutex mutex;  ///< guards the two below; they are changed under `changing` as well
  LockedMemory table;
  Head buckets_head;
};

FileKeyring::FileKeyring() : impl_(std::make_unique<Impl>()) {}
FileKeyring::~FileKeyring() = default;

Result<void> FileKeyring::create(const fs::path& folder) {
  std::error_code error;
  const bool made = fs::create_directories(folder, error);
  if (error)
    return unavailable("keyring.unwritable", folder.string() + " cannot be made: " + error.message());
  if (made) {
    fs::permissions(folder, fs::perms::owner_all, error);
    if (error) return unavailable("keyring.unwritable", folder.string() + ": " + error.message());
    if (auto done = key_files.sync_folder(folder / ".."); !done) return done;
  }
  const std::array names{secrets_file.name, buckets_file.name, root_name};
  const auto beside = [&](std::string_view name) { return folder / (std::string(name) + ".new"); };
  // The root key gets its name last: where it still has the other one, a crash cut the making of a keyring short.
  const bool cut_short = fs::exists(fs::symlink_status(beside(root_name), error)) &&
                         !fs::exists(fs::symlink_status(folder / root_name, error));
  for (const std::string_view name : names) {
    const bool there = fs::exists(fs::symlink_status(folder / name, error));
    if (error && error != std::errc::no_such_file_or_directory)
      return unavailable("keyring.unreadable", (folder / name).string() + ": " + error.message());
    if (there && !cut_short)
      return invalid("keyring.exists",
                     (folder / name).string() +
                         " is there already, and a keyring is never written over. If no log was ever "
                         "written with it, remove the folder first.");
  }

  LockedMemory root(key_bytes), table(buckets_file.inner_bytes), secrets(secrets_file.inner_bytes);
  if (root.bytes().empty() || table.bytes().empty() || secrets.bytes().empty()) return no_memory();
  randombytes_buf(root.bytes().data(), key_bytes);
  randombytes_buf(table.bytes().data(), table.bytes().size());
  for (std::size_t bucket = 0; bucket < buckets_count; ++bucket) {
    const auto next = next_key(table, static_cast<BucketId>(bucket));
    sodium_memzero(next.data(), next.size());
  }
  randombytes_buf(secrets.bytes().data(), secret_keys * key_bytes);
  Head head;
  std::array<std::uint8_t, 16> id;
  randombytes_buf(id.data(), id.size());
  head.keyring = RawId::from_bytes(id);

  // Everything is on the disk under other names before the first gets its own, and the root key comes last: whatever a
  // crash leaves behind was never the keyring of a log.
  if (auto done = write_sealed(beside(secrets_file.name), secrets_file, head, root, secrets); !done)
    return done;
  if (auto done = write_sealed(beside(buckets_file.name), buckets_file, head, root, table); !done)
    return done;
  if (auto done = write_root(beside(root_name), root); !done) return done;
  if (auto done = key_files.sync_folder(folder); !done) return done;
  for (const std::string_view name : names)
    if (auto done = key_files.rename(beside(name), folder / name); !done) return done;
  return key_files.sync_folder(folder);
}

Result<std::unique_ptr<FileKeyring>> FileKeyring::open(const fs::path& folder) {
  const auto root = read_root(folder);
  if (!root) return root.error();
  auto secrets = read_sealed(folder, secrets_file, *root);
  if (!secrets) return secrets.error();
  auto buckets = read_sealed(folder, buckets_file, *root);
  if (!buckets) return buckets.error();
  if (buckets->head.keyring != secrets->head.keyring)
    return mixed(folder / buckets_file.name, "it is of another keyring than secrets");
  for (std::size_t bucket = 0; bucket < buckets_count; ++bucket)
    if (!is_set(current_key(buckets->inner, static_cast<BucketId>(bucket))))
      return damaged(folder / buckets_file.name, "bucket " + std::to_string(bucket) + " has no key");
  for (std::size_t which = 0; which < secret_keys; ++which)
    if (!is_set(secrets->inner.bytes().subspan(which * key_bytes, key_bytes)))
      return damaged(folder / secrets_file.name, "secret key " + std::to_string(which + 1) + " is not set");

  std::unique_ptr<FileKeyring> keyring(new FileKeyring);
  Impl& impl = *keyring->impl_;
  impl.folder = folder;
  impl.table = std::move(buckets->inner);
  impl.buckets_head = buckets->head;
  impl.secrets = std::move(secrets->inner);
  impl.table.make_read_only();
  impl.secrets.make_read_only();
  return keyring;
}

std::vector<std::string> FileKeyring::notes() const {
  const std::shared_lock lock(impl_->mutex);
  if (impl_->table.locked() && impl_->secrets.locked()) return {};
  return {
      "the keys in memory could not be locked, so they may be written to swap: allow 16 MiB of locked memory "
      "(LimitMEMLOCK=16M in the service's unit, or ulimit -l), or turn swap off"};
}

RawId FileKeyring::keyring_id() const { return impl_->buckets_head.keyring; }

std::uint64_t FileKeyring::serial() const {
  const std::shared_lock lock(impl_->mutex);
  return impl_->buckets_head.serial;
}

Result<Bytes> FileKeyring::wrap(BucketId bucket, ByteView plaintext, ByteView associated) {
  BucketKeys keys;
  impl_->read_keys(bucket, keys);
  Bytes out(nonce_bytes + plaintext.size() + tag_bytes);
  randombytes_buf(out.data(), nonce_bytes);
  crypto_aead_xchacha20poly1305_ietf_encrypt(&out[nonce_bytes], nullptr, plaintext.data(), plaintext.size(),
                                             associated.data(), associated.size(), nullptr, out.data(),
                                             keys.next ? keys.next->data() : keys.current.data());
  return out;
}

Result<Bytes> FileKeyring::unwrap(BucketId bucket, ByteView wrapped, ByteView associated) {
  if (wrapped.size() < nonce_bytes + tag_bytes)
    return corrupt("keyring.unwrap", "too few bytes for a wrapping");
  BucketKeys keys;
  impl_->read_keys(bucket, keys);
  Bytes out(wrapped.size() - nonce_bytes - tag_bytes);
  if (unwrap_with(keys.current, wrapped, associated, out)) return out;
  if (keys.next && unwrap_with(*keys.next, wrapped, associated, out)) return out;
  return corrupt("keyring.unwrap",
                 "the bytes do not open under the keys of bucket " + std::to_string(bucket));
}

const Key& FileKeyring::secret(SecretKey which) const {
  const auto index = static_cast<std::size_t>(which) - 1;
  PARLANCE_ASSERT(index < secret_keys, "a secret is one of those that SecretKey names");
  return *reinterpret_cast<const Key*>(&impl_->secrets.bytes()[index * key_bytes]);
}

std::array<std::uint8_t, 16> FileKeyring::fingerprint() const {
  std::array<std::uint8_t, 16> out;
  keyed_hash(secret(SecretKey::address_slot), "parlance address-slot key 1", {}, out);
  return out;
}

Result<void> FileKeyring::add_next_keys(std::span<const BucketId> buckets) {
  return impl_->change_table(buckets, [](const LockedMemory& table, BucketId bucket) {
    const auto next = next_key(table, bucket);
    if (is_set(next)) return false;
    randombytes_buf(next.data(), next.size());
    return true;
  });
}

Result<void> FileKeyring::drop_old_keys(std::span<const BucketId> buckets) {
  return impl_->change_table(buckets, [](const LockedMemory& table, BucketId bucket) {
    const auto next = next_key(table, bucket);
    if (!is_set(next)) return false;
    std::memcpy(current_key(table, bucket).data(), next.data(), key_bytes);
    sodium_memzero(next.data(), next.size());
    return true;
  });
}

}  // namespace parlance
