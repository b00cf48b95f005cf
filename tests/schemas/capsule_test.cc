#include <doctest/doctest.h>

#include "schemas/capsule_codec.h"
#include "schemas/capsule_generated.h"
#include "tests/schemas/given_members.h"
#include "tests/schemas/hostile.h"
#include "tests/schemas/samples.h"

namespace parlance {
namespace {

using tests::capsule_samples;

template <class T> void check_round_trip(const T& value) {
  const auto decoded = decode_plain<T>(encode_plain(value));
  REQUIRE(decoded.has_value());
  CHECK(*decoded == value);
}

TEST_CASE("every plaintext reads back as it was written") {
  for (const auto& [name, value] : capsule_samples()) {
    CAPTURE(name);
    std::visit([](const auto& plain) { check_round_trip(plain); }, value);
  }
}

TEST_CASE("every member of every plaintext is given in some sample, so that none is forgotten in its codec") {
  tests::GivenMembers given;
  for (const auto& [name, value] : capsule_samples()) {
    std::visit(
        [&]<class T>(const T& plain) {
          const std::string schema = std::to_string(static_cast<unsigned>(capsule_schema<T>));
          if constexpr (std::same_as<T, Attachments>) {
            for (const Attachment& attachment : plain) tests::note_members(attachment, given[schema]);
          } else if constexpr (!std::same_as<T, std::string>) {
            tests::note_members(plain, given[schema]);
          }
        },
        value);
  }
  CHECK(given.size() == 5);
  tests::check_all_given(given);
}

TEST_CASE("text of any bytes and any length reads back") {
  check_round_trip(std::string("\0nul\0 inside", 12));
  check_round_trip(std::string("not UTF-8: \xff\xfe\xc3"));
  check_round_trip(std::string("\U0001f6d2\U0001f4e6 \u0627\u0644\u0637\u0644\u0628 \u6ce8\u6587"));
  for (const std::size_t size : {1U, 63U, 64U, 65U, 255U, 65'536U, 512U * 1024U}) {
    check_round_trip(std::string(size, 'x'));
    check_round_trip(MessageContent{.text = std::string(size, 't'), .html = std::string(size, 'h')});
  }
}

TEST_CASE("large attachments, and many, read back") {
  check_round_trip(Attachments{{"film.mp4", "video/mp4", std::string(5'000'000, '\x7f')}, {"empty", "", ""}});
  check_round_trip(Attachments(1000, Attachment{"a", "b", "c"}));
  check_round_trip(Attachments(1000));
}

TEST_CASE("a plaintext reads back from any address") {
  const Identity identity = std::get<Identity>(capsule_samples()[8].value);
  const Bytes bytes = encode_plain(identity);
  for (std::size_t shift = 0; shift < 8; ++shift) {
    Bytes shifted(bytes.size() + shift);
    std::copy(bytes.begin(), bytes.end(), shifted.begin() + static_cast<std::ptrdiff_t>(shift));
    const auto decoded = decode_plain<Identity>(ByteView(shifted).subspan(shift));
    REQUIRE(decoded.has_value());
    CHECK(*decoded == identity);
  }
}

TEST_CASE("a plaintext of one schema is not read as another") {
  const auto decoded = decode_plain<Preview>(encode_plain(AgentProfile{.name = "Kim"}));
  REQUIRE(decoded.has_error());
  CHECK(decoded.error().code == Errc::corrupt);
  CHECK(decoded.error().rule == "capsule.corrupt");
  CHECK(decoded.error().detail == "a plaintext of schema 6 in place of 4");
}

TEST_CASE("no bytes, and bytes of nothing, are corrupt") {
  for (const Bytes& bytes : {Bytes{}, Bytes(4), Bytes(64)}) {
    const auto decoded = decode_plain<std::string>(bytes);
    REQUIRE(decoded.has_error());
    CHECK(decoded.error().code == Errc::corrupt);
  }
}

TEST_CASE("a plaintext longer than any that is sealed is corrupt, whatever it holds") {
  const auto decoded = decode_plain<std::string>(Bytes(plain_bytes_max + 1));
  REQUIRE(decoded.has_error());
  CHECK(decoded.error().rule == "capsule.corrupt");
  CHECK(decoded.error().detail == "a plaintext of " + std::to_string(plain_bytes_max + 1) + " bytes");
}

/// Attachments that are `times` the same one, which holds `data` and a key of `key_bytes`; `unused` bytes belong to nothing.
Bytes shared_attachments(std::size_t times, const Bytes& data, std::size_t key_bytes, std::size_t unused) {
  namespace form = wire::capsule;
  flatbuffers::FlatBufferBuilder builder;
  (void)builder.CreateVector(Bytes(unused));
  const auto stored_data = builder.CreateVector(data);
  const auto key = builder.CreateVector(Bytes(key_bytes, 7));
  form::AttachmentBuilder one(builder);
  one.add_data(stored_data);
  if (key_bytes > 0) one.add_key(key);
  const auto attachment = one.Finish();
  const auto items = builder.CreateVector(std::vector(times, attachment));
  form::AttachmentsBuilder attachments(builder);
  attachments.add_items(items);
  const auto value = attachments.Finish();
  form::PlainBuilder plain(builder);
  plain.add_value(value.Union());
  plain.add_value_type(form::Value::Attachments);
  form::FinishPlainBuffer(builder, plain.Finish());
  return {builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()};
}

TEST_CASE("attachments that share their bytes are corrupt before they take more room than the plaintext") {
  const auto check_corrupt = [](const Bytes& bytes, std::string_view what) {
    const auto decoded = decode_plain<Attachments>(bytes);
    REQUIRE(decoded.has_error());
    CHECK(decoded.error().code == Errc::corrupt);
    CHECK(decoded.error().detail.find(what) != std::string::npos);
  };
  const Bytes data(1000, 'd');
  const auto one = decode_plain<Attachments>(shared_attachments(1, data, sizeof(BlobKey), 0));
  REQUIRE(one.has_value());
  CHECK(one->at(0).data == std::string(1000, 'd'));
  CHECK(one->at(0).key->at(0) == 7);
  check_corrupt(shared_attachments(3, data, 0, 0), "more values than bytes");
  check_corrupt(shared_attachments(200, {}, sizeof(BlobKey), 2000), "more values than bytes");
  check_corrupt(shared_attachments(1, {}, sizeof(BlobKey) - 1, 0), "a blob's key of another length");
}

TEST_CASE("damaged plaintexts never crash, and what still reads can be written again") {
  for (const auto& [name, value] : capsule_samples()) {
    CAPTURE(name);
    std::visit(
        [&]<class T>(const T& plain) {
          std::size_t refused = 0;
          tests::each_damage(encode_plain(plain), [&](const Bytes& damaged) {
            const auto decoded = decode_plain<T>(damaged);
            if (!decoded) {
              ++refused;
              return;
            }
            const auto again = decode_plain<T>(encode_plain(*decoded));
            if (!again || *again != *decoded) FAIL_CHECK("not the same when written again");
          });
          CHECK(refused > 0);
        },
        value);
  }
}

}  // namespace
}  // namespace parlance
