#include "adapters/keyring/file_keyring.h"

#include <array>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <sodium.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include "tests/contract/key_service_contract.h"
#include "tests/support/failing_calls.h"
#include "tests/support/print.h"
#include "tests/support/temp_dir.h"

using namespace parlance;
namespace fs = std::filesystem;

namespace {

Bytes read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  REQUIRE(file);
  return {std::istreambuf_iterator<char>(file), {}};
}
void write(const fs::path& path, const Bytes& bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  REQUIRE(file.flush());
}
void flip(const fs::path& path, std::size_t at) {
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekg(static_cast<std::streamoff>(at));
  const char byte = static_cast<char>(file.get() ^ 1);
  file.seekp(static_cast<std::streamoff>(at));
  file.put(byte);
  REQUIRE(file.flush());
}

/// A keyring in a folder of its own.
struct Folder {
  tests::TempDir temp;
  fs::path path = temp / "keys";
  Folder() { REQUIRE(FileKeyring::create(path)); }
  std::unique_ptr<FileKeyring> open() const { return FileKeyring::open(path).value(); }
  Error refusal() const {
    const auto result = FileKeyring::open(path);
    REQUIRE_FALSE(result);
    return result.error();
  }
};

const Bytes text{1, 2, 3};

}  // namespace

TEST_CASE("keyring in a folder") {
  tests::TempDir temp;
  int number = 0;
  tests::key_service_contract([&]() -> std::unique_ptr<KeyService> {
    const fs::path path = temp / ("keys" + std::to_string(number++));
    REQUIRE(FileKeyring::create(path));
    return FileKeyring::open(path).value();
  });
}

TEST_CASE("a keyring opened again has the same keys") {
  const Folder folder;
  Bytes wrapped;
  Key secret;
  std::array<std::uint8_t, 16> fingerprint;
  {
    const auto keys = folder.open();
    wrapped = keys->wrap(65'535, text, {}).value();
    secret = keys->secret(SecretKey::session);
    fingerprint = keys->fingerprint();
    CHECK(keys->serial() == 1);
    CHECK(keys->keyring_id());
  }
  const auto keys = folder.open();
  CHECK(keys->unwrap(65'535, wrapped, {}).value() == text);
  CHECK(keys->secret(SecretKey::session) == secret);
  CHECK(keys->fingerprint() == fingerprint);
}

TEST_CASE(
    "a keyring's files have the sizes and the modes that are written down, and nothing lies beside them") {
  const Folder folder;
  CHECK(fs::file_size(folder.path / "root.key") == 65);
  CHECK(fs::file_size(folder.path / "buckets") == 4'194'396);
  CHECK(fs::file_size(folder.path / "secrets") == 2'140);
  for (const char* name : {"root.key", "buckets", "secrets"}) {
    struct stat status {};
    REQUIRE(::stat((folder.path / name).c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
  }
  CHECK((fs::status(folder.path).permissions() & fs::perms::mask) == fs::perms::owner_all);
  CHECK(std::distance(fs::directory_iterator(folder.path), fs::directory_iterator()) == 3);
}

TEST_CASE("no key lies in the clear but the root key") {
  const Folder folder;
  const auto keys = folder.open();
  for (std::size_t i = 1; i <= secret_keys; ++i) {
    const Key& secret = keys->secret(static_cast<SecretKey>(i));
    for (const char* name : {"root.key", "buckets", "secrets"}) {
      const Bytes bytes = read(folder.path / name);
      CHECK(std::search(bytes.begin(), bytes.end(), secret.begin(), secret.end()) == bytes.end());
    }
  }
}

TEST_CASE("a keyring is never made over another, nor over what is left of one") {
  const Folder folder;
  const Bytes root = read(folder.path / "root.key");
  CHECK(FileKeyring::create(folder.path).error().rule == "keyring.exists");
  for (const char* name : {"buckets", "root.key"}) {
    fs::remove(folder.path / name);
    CHECK(FileKeyring::create(folder.path).error().rule == "keyring.exists");
    CHECK_FALSE(fs::exists(folder.path / name));
  }
}

TEST_CASE("what a crash left of making a keyring is no hindrance") {
  tests::TempDir temp;
  const fs::path path = temp / "keys";
  fs::create_directory(path);
  write(path / "buckets.new", {1, 2, 3});
  write(path / "root.key.new", {4});
  fs::permissions(path / "root.key.new", fs::perms::all);
  CHECK(FileKeyring::create(path));
  CHECK(FileKeyring::open(path));
  CHECK(std::distance(fs::directory_iterator(path), fs::directory_iterator()) == 3);
}

TEST_CASE("the making of a keyring that was cut short between two of its names begins anew") {
  for (const std::size_t named : {0U, 1U, 2U}) {
    const Folder folder;
    const std::array names{"secrets", "buckets", "root.key"};
    for (std::size_t i = named; i < names.size(); ++i)
      fs::rename(folder.path / names[i], folder.path / (std::string(names[i]) + ".new"));
    CHECK(FileKeyring::open(folder.path).error().rule == "keyring.missing");
    CHECK(FileKeyring::create(folder.path));
    CHECK(FileKeyring::open(folder.path));
    CHECK(std::distance(fs::directory_iterator(folder.path), fs::directory_iterator()) == 3);
  }
}

TEST_CASE("a keyring cannot be made where there is a file, and says where") {
  tests::TempDir temp;
  write(temp / "keys", {});
  const auto refusal = FileKeyring::create(temp / "keys");
  REQUIRE_FALSE(refusal);
  CHECK(refusal.error().code == Errc::unavailable);
  CHECK(refusal.error().detail.find((temp / "keys").string()) != std::string::npos);
}

TEST_CASE("a missing file is refused by its name, and nothing is made in its place") {
  for (const char* name : {"root.key", "buckets", "secrets"}) {
    CAPTURE(name);
    const Folder folder;
    fs::remove(folder.path / name);
    const Error error = folder.refusal();
    CHECK(error.code == Errc::not_found);
    CHECK(error.rule == "keyring.missing");
    CHECK(error.detail.find((folder.path / name).string()) != std::string::npos);
    CHECK(error.detail.find("backup") != std::string::npos);
    CHECK_FALSE(fs::exists(folder.path / name));
  }
  tests::TempDir temp;
  CHECK(FileKeyring::open(temp / "keys").error().rule == "keyring.missing");
  CHECK_FALSE(fs::exists(temp / "keys"));
}

TEST_CASE("a root key that others may read or change is refused, and the remedy is told") {
  const Folder folder;
  for (const unsigned mode : {0640U, 0604U, 0620U, 0666U}) {
    REQUIRE(::chmod((folder.path / "root.key").c_str(), mode) == 0);
    const Error error = folder.refusal();
    CHECK(error.rule == "keyring.loose_mode");
    CHECK(error.detail.find("chmod 600 " + (folder.path / "root.key").string()) != std::string::npos);
  }
  REQUIRE(::chmod((folder.path / "root.key").c_str(), 0400) == 0);
  CHECK(FileKeyring::open(folder.path));
}

TEST_CASE("a damaged root key is refused by its name") {
  const Folder folder;
  const Bytes good = read(folder.path / "root.key");
  const auto with = [&](const Bytes& bytes) {
    write(folder.path / "root.key", bytes);
    const Error error = folder.refusal();
    CHECK(error.detail.find("root.key") != std::string::npos);
    return std::string(error.rule);
  };
  CHECK(with({}) == "keyring.damaged");
  CHECK(with(Bytes(good.begin(), good.end() - 1)) == "keyring.damaged");
  Bytes longer = good;
  longer.push_back('\n');
  CHECK(with(longer) == "keyring.damaged");
  for (const std::size_t at : {0, 31, 63, 64}) {
    Bytes strange = good;
    strange[at] = 'g';
    CHECK(with(strange) == "keyring.damaged");
  }
  Bytes other = good;
  other[5] = other[5] == '0' ? '1' : '0';
  CHECK(with(other) == "keyring.mixed");
}

TEST_CASE("a damaged table is refused by its name, wherever the damage is") {
  const Folder folder;
  for (const std::string name : {"buckets", "secrets"}) {
    const fs::path path = folder.path / name;
    const std::size_t size = fs::file_size(path);
    std::vector<std::size_t> places{size / 2, size - 17, size - 16, size - 1};
    for (std::size_t at = 0; at < 80; at += name == "secrets" ? 1 : 5) places.push_back(at);
    for (const std::size_t at : places) {
      CAPTURE(name);
      CAPTURE(at);
      flip(path, at);
      const Error error = folder.refusal();
      // The version; the id and the root check; all else.
      const bool version = at >= 8 && at < 12, roots = at >= 20 && at < 52;
      CHECK(error.rule == (version ? "keyring.newer" : roots ? "keyring.mixed" : "keyring.damaged"));
      CHECK(error.detail.find(path.string()) != std::string::npos);
      flip(path, at);
    }
  }
  CHECK(FileKeyring::open(folder.path));
}

TEST_CASE("a table cut short or made longer is refused") {
  for (const char* name : {"buckets", "secrets"}) {
    const Folder folder;
    const Bytes good = read(folder.path / name);
    for (const std::size_t size : {std::size_t{0}, std::size_t{7}, std::size_t{60}, good.size() - 1}) {
      write(folder.path / name, Bytes(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size)));
      CHECK(folder.refusal().rule == "keyring.damaged");
    }
    Bytes longer = good;
    longer.push_back(0);
    write(folder.path / name, longer);
    CHECK(folder.refusal().rule == "keyring.damaged");
  }
}

TEST_CASE("something that is no file is refused") {
  const Folder folder;
  fs::remove(folder.path / "buckets");
  fs::create_directory(folder.path / "buckets");
  CHECK(folder.refusal().rule == "keyring.damaged");
  fs::remove(folder.path / "buckets");
  REQUIRE(::mkfifo((folder.path / "buckets").c_str(), 0600) == 0);
  CHECK(folder.refusal().rule == "keyring.damaged");
}

TEST_CASE("files of two keyrings are not one keyring") {
  const Folder one, two;
  for (const char* name : {"root.key", "buckets", "secrets"}) {
    const Bytes own = read(one.path / name);
    write(one.path / name, read(two.path / name));
    CHECK(one.refusal().rule == "keyring.mixed");
    write(one.path / name, own);
  }
  CHECK(FileKeyring::open(one.path));
}

TEST_CASE("a bucket's next key takes over, and with the old one goes what it wrapped") {
  const Folder folder;
  const std::array<BucketId, 2> changing{7, 65'535};
  Bytes before, between, untouched;
  {
    const auto keys = folder.open();
    before = keys->wrap(7, text, {}).value();
    untouched = keys->wrap(8, text, {}).value();
    REQUIRE(keys->add_next_keys(changing));
    between = keys->wrap(7, text, {}).value();
    CHECK(keys->serial() == 2);
    REQUIRE(keys->add_next_keys(changing));  // Has one already.
    CHECK(keys->serial() == 2);
    CHECK(keys->unwrap(7, before, {}).value() == text);
    CHECK(keys->unwrap(7, between, {}).value() == text);
  }
  const auto keys = folder.open();
  CHECK(keys->serial() == 2);
  CHECK(keys->unwrap(7, before, {}).value() == text);
  CHECK(keys->unwrap(7, between, {}).value() == text);
  REQUIRE(keys->drop_old_keys(changing));
  CHECK(keys->serial() == 3);
  const auto again = folder.open();
  for (FileKeyring* each : {keys.get(), again.get()}) {
    CHECK(each->unwrap(7, before, {}).error().code == Errc::corrupt);
    CHECK(each->unwrap(7, between, {}).value() == text);
    CHECK(each->unwrap(8, untouched, {}).value() == text);
    CHECK(each->serial() == 3);
  }
  REQUIRE(keys->drop_old_keys(changing));  // Nothing left to drop.
  CHECK(keys->unwrap(7, between, {}).value() == text);
}

TEST_CASE("a change of keys that cannot be made durable changes nothing") {
  const Folder folder;
  const auto keys = folder.open();
  const std::array<BucketId, 1> changing{7};
  const Bytes before = keys->wrap(7, text, {}).value();
  REQUIRE(::chmod((folder.path / "root.key").c_str(), 0644) == 0);
  CHECK(keys->add_next_keys(changing).error().rule == "keyring.loose_mode");
  CHECK(keys->serial() == 1);
  REQUIRE(::chmod((folder.path / "root.key").c_str(), 0600) == 0);
  fs::create_directories(folder.path / "buckets.new" / "in the way");
  CHECK(keys->add_next_keys(changing).error().rule == "keyring.unwritable");
  CHECK(keys->serial() == 1);
  CHECK(keys->drop_old_keys(changing));  // There is no next key.
  CHECK(keys->unwrap(7, before, {}).value() == text);
}

// The sanitizers make mlock() a call that always succeeds.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_CASE("keys that cannot be locked in memory are worth a note, not a refusal") {
  const Folder folder;
  CHECK(folder.open()->notes().empty());

  constexpr uid_t nobody = 65'534;
  const bool root = ::geteuid() == 0;  // Its locked memory has no limit.
  if (root) {
    for (const auto& entry : fs::directory_iterator(folder.path))
      REQUIRE(::chown(entry.path().c_str(), nobody, nobody) == 0);
    REQUIRE(::chown(folder.path.c_str(), nobody, nobody) == 0);
    REQUIRE(::chown(folder.temp.path().c_str(), nobody, nobody) == 0);
    REQUIRE(::seteuid(nobody) == 0);
  }
  rlimit before{};
  ::getrlimit(RLIMIT_MEMLOCK, &before);
  const rlimit none{.rlim_cur = 0, .rlim_max = before.rlim_max};
  ::setrlimit(RLIMIT_MEMLOCK, &none);
  const auto keys = FileKeyring::open(folder.path);
  ::setrlimit(RLIMIT_MEMLOCK, &before);
  if (root) REQUIRE(::seteuid(0) == 0);

  REQUIRE(keys);
  REQUIRE((*keys)->notes().size() == 1);
  CHECK((*keys)->notes()[0].find("LimitMEMLOCK") != std::string::npos);
  CHECK((*keys)->unwrap(7, (*keys)->wrap(7, text, {}).value(), {}).value() == text);
}
#endif

TEST_CASE("whichever call to the system fails, a keyring is made whole or not at all, and says why" *
          doctest::skip(!tests::calls_can_fail)) {
  for (const int error : {EIO, ENOSPC}) {
    const int failed = tests::fail_each_call(
        error, [](int) { return std::make_unique<tests::TempDir>(); },
        [](const auto& temp) { return FileKeyring::create(*temp / "keys"); },
        [](const auto& temp, Result<void>& made, const std::string& call) {
          CAPTURE(call);
          const fs::path root_key = *temp / "keys" / "root.key";
          if (call.empty()) REQUIRE(made);
          if (!made) {
            CHECK((made.error().rule == "keyring.unwritable" || made.error().rule == "keyring.unreadable"));
            // What is left is no hindrance; or it is whole, and only the folder's sync is not known.
            if (!fs::exists(root_key)) made = FileKeyring::create(*temp / "keys");
            REQUIRE(fs::exists(root_key));
          }
          CHECK(FileKeyring::open(*temp / "keys"));
        });
    CHECK(failed > 15);
  }
}

TEST_CASE("whichever call to the system fails, a keyring opens or says why not, and stays as it was" *
          doctest::skip(!tests::calls_can_fail)) {
  const Folder folder;
  const auto fingerprint = folder.open()->fingerprint();
  int refused = 0;
  tests::fail_each_call(
      EIO, [](int) { return 0; }, [&](int) { return FileKeyring::open(folder.path); },
      [&](int, const auto& opened, const std::string& call) {
        CAPTURE(call);
        if (opened) {
          CHECK((*opened)->fingerprint() == fingerprint);
        } else {
          CHECK(opened.error().rule == "keyring.unreadable");
          ++refused;
        }
        CHECK((opened || !call.empty()));
        CHECK(folder.open()->fingerprint() == fingerprint);
      });
  CHECK(refused > 8);
}

TEST_CASE("whichever call to the system fails, a bucket has its old keys or its new one, also on the disk" *
          doctest::skip(!tests::calls_can_fail)) {
  struct Given {
    std::unique_ptr<FileKeyring> keyring;
    std::uint64_t serial;
    std::array<BucketId, 1> bucket;
    Bytes wrapped;
  };
  const Folder folder;
  const int failed = tests::fail_each_call(
      ENOSPC,
      [&](int n) {
        Given given{folder.open(), 0, {static_cast<BucketId>(n)}, {}};
        given.serial = given.keyring->serial();
        given.wrapped = given.keyring->wrap(given.bucket[0], text, {}).value();
        return given;
      },
      [](const Given& given) { return given.keyring->add_next_keys(given.bucket); },
      [&](const Given& given, const Result<void>& changed, const std::string& call) {
        CAPTURE(call);
        CHECK((changed || changed.error().rule.starts_with("keyring.un")));
        CHECK((changed || !call.empty()));
        CHECK(given.keyring->serial() == (changed ? given.serial + 1 : given.serial));
        CHECK(given.keyring->unwrap(given.bucket[0], given.wrapped, {}).value() == text);
        CHECK(folder.open()->unwrap(given.bucket[0], given.wrapped, {}).value() == text);
      });
  CHECK(failed > 8);
}

TEST_CASE("a keyring where there is a file, or one beside another's root key, is refused") {
  const Folder folder;
  write(folder.temp / "file", text);
  CHECK(FileKeyring::open(folder.temp / "file").error().rule == "keyring.missing");
  write(folder.path / "root.key.new", text);
  CHECK(FileKeyring::create(folder.path).error().rule == "keyring.exists");
}

TEST_CASE("a call that is interrupted is made again" * doctest::skip(!tests::calls_can_fail)) {
  const Folder folder;
  int reads = 0;
  for (int n = 1;; ++n) {
    const tests::FailingCall failing("read", n, EINTR);
    CHECK(FileKeyring::open(folder.path));
    if (failing.came().empty()) break;
    ++reads;
  }
  CHECK(reads >= 3);
}

TEST_CASE("keys of which some could not be locked are worth a note too" *
          doctest::skip(!tests::calls_can_fail)) {
  const Folder folder;
  int noted = 0;
  for (int n = 1;; ++n) {
    const tests::FailingCall failing("mlock", n, ENOMEM);
    const auto keyring = folder.open();
    noted += keyring->notes().empty() ? 0 : 1;
    if (failing.came().empty()) break;
  }
  CHECK(noted >= 2);
}

TEST_CASE(
    "what opens under neither of a bucket's two keys is refused, and a bucket named twice gets one key") {
  const Folder folder;
  const auto keyring = folder.open();
  const Bytes foreign = keyring->wrap(8, text, {}).value();
  constexpr std::array<BucketId, 2> twice{7, 7};
  REQUIRE(keyring->add_next_keys(twice));
  const Bytes wrapped = keyring->wrap(7, text, {}).value();
  CHECK(keyring->unwrap(7, foreign, {}).error().rule == "keyring.unwrap");
  CHECK(keyring->unwrap(7, wrapped, {}).value() == text);
}

TEST_CASE(
    "whole files that lack a key, or are of two keyrings under one root key, are refused by what they lack") {
  constexpr std::size_t key = 32, buckets = 65'536, secrets = 64;
  const auto sealed = [](const Bytes& root, std::string_view magic, std::string_view label, std::uint8_t id,
                         Bytes inner) {
    REQUIRE(sodium_init() >= 0);
    const auto keyed = [&](std::string_view what, std::size_t size) {
      const Bytes input = ByteWriter().raw(as_bytes(what)).raw(Bytes(16, id)).take();
      Bytes out(size);
      crypto_generichash_blake2b(out.data(), out.size(), input.data(), input.size(), root.data(),
                                 root.size());
      return out;
    };
    const Bytes head = ByteWriter()
                           .raw(as_bytes(magic))
                           .le(std::uint32_t{1})
                           .le(std::uint64_t{1})
                           .raw(Bytes(16, id))
                           .raw(keyed("parlance root check 1", 16))
                           .take();
    const Bytes nonce(crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, 5);
    Bytes out(inner.size() + crypto_aead_xchacha20poly1305_ietf_ABYTES);
    crypto_aead_xchacha20poly1305_ietf_encrypt(out.data(), nullptr, inner.data(), inner.size(), head.data(),
                                               head.size(), nullptr, nonce.data(), keyed(label, 32).data());
    return ByteWriter().raw(head).raw(nonce).raw(out).take();
  };
  const Folder folder;
  Bytes root(key);
  const Bytes digits = read(folder.path / "root.key");
  REQUIRE(sodium_hex2bin(root.data(), key, reinterpret_cast<const char*>(digits.data()), 2 * key, nullptr,
                         nullptr, nullptr) == 0);
  Bytes table(buckets * 2 * key, 1), others(secrets * key, 2);
  const auto put = [&](std::uint8_t id_of_buckets) {
    write(folder.path / "buckets", sealed(root, "PLBUCKET", "parlance buckets 1", id_of_buckets, table));
    write(folder.path / "secrets", sealed(root, "PLSECRET", "parlance secrets 1", 9, others));
  };
  put(9);
  CHECK(folder.open()->keyring_id() ==
        RawId::from_bytes(std::array<std::uint8_t, 16>{9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9}));
  put(8);
  CHECK(folder.refusal().rule == "keyring.mixed");
  std::fill_n(table.begin() + 3 * 2 * key, key, 0);
  put(9);
  CHECK(folder.refusal().rule == "keyring.damaged");
  CHECK(folder.refusal().detail.find("bucket 3 has no key") != std::string::npos);
  std::fill_n(table.begin() + 3 * 2 * key, key, 1);
  std::fill_n(others.begin() + key, key, 0);
  put(9);
  CHECK(folder.refusal().detail.find("secret key 2 is not set") != std::string::npos);
}
