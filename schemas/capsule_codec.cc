#include "schemas/capsule_codec.h"

#include <algorithm>

#include "schemas/capsule_generated.h"
#include "schemas/wire.h"

namespace parlance {
namespace {

namespace form = wire::capsule;
using codec::Builder;
using codec::by_pointer;
using codec::Reading;
using codec::same;

static_assert(same(CapsuleSchema::text, form::Value::Text) &&
              same(CapsuleSchema::message, form::Value::Message) &&
              same(CapsuleSchema::attachments, form::Value::Attachments) &&
              same(CapsuleSchema::preview, form::Value::Preview) &&
              same(CapsuleSchema::identity, form::Value::Identity) &&
              same(CapsuleSchema::agent_profile, form::Value::AgentProfile));

/// Nothing for an empty one.
auto given(Builder& builder, const std::string& text) {
  return text.empty() ? flatbuffers::Offset<flatbuffers::String>{} : codec::stored(builder, text);
}

flatbuffers::Offset<form::Text> write(Builder& builder, const std::string& value) {
  return form::CreateText(builder, given(builder, value));
}
void read(Reading& r, const form::Text& in, std::string& out) { r.text(in.text(), out); }

flatbuffers::Offset<form::Message> write(Builder& builder, const MessageContent& value) {
  const auto text = given(builder, value.text);
  const auto html = given(builder, value.html);
  const auto subject_line = given(builder, value.subject_line);
  const auto sender_name = given(builder, value.sender_name);
  const auto sender_address = given(builder, value.sender_address);
  const auto external_id = given(builder, value.external_id);
  const auto in_reply_to = given(builder, value.in_reply_to);
  const auto thread = given(builder, value.thread);
  const auto order = given(builder, value.order);
  const auto language_tag = given(builder, value.language_tag);
  form::MessageBuilder b(builder);
  b.add_text(text);
  b.add_html(html);
  b.add_subject_line(subject_line);
  b.add_sender_name(sender_name);
  b.add_sender_address(sender_address);
  b.add_external_id(external_id);
  b.add_in_reply_to(in_reply_to);
  b.add_thread(thread);
  b.add_order(order);
  b.add_language_tag(language_tag);
  return b.Finish();
}
void read(Reading& r, const form::Message& in, MessageContent& out) {
  r.text(in.text(), out.text);
  r.text(in.html(), out.html);
  r.text(in.subject_line(), out.subject_line);
  r.text(in.sender_name(), out.sender_name);
  r.text(in.sender_address(), out.sender_address);
  r.text(in.external_id(), out.external_id);
  r.text(in.in_reply_to(), out.in_reply_to);
  r.text(in.thread(), out.thread);
  r.text(in.order(), out.order);
  r.text(in.language_tag(), out.language_tag);
}

flatbuffers::Offset<form::Attachments> write(Builder& builder, const Attachments& value) {
  std::vector<flatbuffers::Offset<form::Attachment>> items;
  items.reserve(value.size());
  for (const Attachment& attachment : value) {
    const auto name = given(builder, attachment.name);
    const auto type = given(builder, attachment.type);
    const ByteView bytes = as_bytes(attachment.data);
    const auto data = builder.CreateVector(bytes.data(), bytes.size());
    flatbuffers::Offset<flatbuffers::Vector<std::uint8_t>> key;
    if (attachment.key) key = builder.CreateVector(attachment.key->data(), attachment.key->size());
    const auto content_id = given(builder, attachment.content_id);
    form::AttachmentBuilder b(builder);
    b.add_stored(attachment.stored);
    b.add_name(name);
    b.add_type(type);
    b.add_data(data);
    if (attachment.id) b.add_id(by_pointer(codec::stored(attachment.id)));
    b.add_key(key);
    b.add_content_id(content_id);
    items.push_back(b.Finish());
  }
  const auto vector = builder.CreateVector(items);
  form::AttachmentsBuilder b(builder);
  b.add_items(vector);
  return b.Finish();
}
void read(Reading& r, const form::Attachments& in, Attachments& out) {
  if (in.items() == nullptr) return;
  // No more than verifies() counted: an attachment takes at least its reference and its table, four bytes each.
  out.reserve(in.items()->size());
  for (const form::Attachment* item : *in.items()) {
    Attachment& attachment = out.emplace_back();
    r.text(item->name(), attachment.name);
    r.text(item->type(), attachment.type);
    const auto* data = item->data();
    if (data != nullptr && r.take(data->size())) attachment.data = as_text({data->data(), data->size()});
    r.id(item->id(), attachment.id);
    attachment.stored = item->stored();
    if (const auto* key = item->key(); key != nullptr) {
      if (key->size() != sizeof(BlobKey)) return r.corrupt("a blob's key of another length");
      if (r.take(key->size())) std::copy(key->begin(), key->end(), attachment.key.emplace().begin());
    }
    r.text(item->content_id(), attachment.content_id);
  }
}

flatbuffers::Offset<form::Preview> write(Builder& builder, const Preview& value) {
  const auto name = given(builder, value.name);
  const auto subject_line = given(builder, value.subject_line);
  const auto text = given(builder, value.text);
  const auto account = given(builder, value.account);
  return form::CreatePreview(builder, name, subject_line, text, account);
}
void read(Reading& r, const form::Preview& in, Preview& out) {
  r.text(in.name(), out.name);
  r.text(in.subject_line(), out.subject_line);
  r.text(in.text(), out.text);
  r.text(in.account(), out.account);
}

flatbuffers::Offset<form::Identity> write(Builder& builder, const Identity& value) {
  const auto account = given(builder, value.account);
  const auto address = given(builder, value.address);
  const auto name = given(builder, value.name);
  const auto conversations = codec::stored_ids(builder, value.conversations);
  form::IdentityBuilder b(builder);
  if (value.subject) b.add_subject(by_pointer(codec::stored(value.subject)));
  b.add_account(account);
  b.add_address(address);
  b.add_name(name);
  b.add_conversations(conversations);
  b.add_channel(codec::stored(value.channel));
  return b.Finish();
}
void read(Reading& r, const form::Identity& in, Identity& out) {
  r.id(in.subject(), out.subject);
  r.enumeration(in.channel(), out.channel, "channel");
  r.text(in.account(), out.account);
  r.text(in.address(), out.address);
  r.text(in.name(), out.name);
  r.ids(in.conversations(), out.conversations);
}

flatbuffers::Offset<form::AgentProfile> write(Builder& builder, const AgentProfile& value) {
  const auto name = given(builder, value.name);
  const auto email = given(builder, value.email);
  return form::CreateAgentProfile(builder, name, email);
}
void read(Reading& r, const form::AgentProfile& in, AgentProfile& out) {
  r.text(in.name(), out.name);
  r.text(in.email(), out.email);
}

template <class Table> constexpr form::Value member = form::ValueTraits<Table>::enum_value;

template <class Table> Bytes finish(const codec::Scratch& scratch, flatbuffers::Offset<Table> value) {
  form::PlainBuilder plain(scratch.builder());
  plain.add_value(value.Union());
  plain.add_value_type(member<Table>);
  form::FinishPlainBuffer(scratch.builder(), plain.Finish());
  const ByteView bytes = scratch.finished();
  PARLANCE_ASSERT(bytes.size() <= plain_bytes_max, "what goes into a capsule was bounded where it came in");
  return {bytes.begin(), bytes.end()};
}
template <class T> Bytes encode(const T& value) {
  static thread_local Builder builder;
  const codec::Scratch scratch(builder);
  return finish(scratch, write(scratch.builder(), value));
}

template <class Table, class T> Result<T> decode(ByteView bytes) {
  constexpr std::string_view corrupt_rule = "capsule.corrupt";
  if (bytes.size() > plain_bytes_max)
    return corrupt(corrupt_rule, "a plaintext of " + std::to_string(bytes.size()) + " bytes");
  const codec::Aligned aligned(bytes);
  if (!codec::verifies<form::Plain>(aligned.bytes(), form::PlainIdentifier())) {
    return corrupt(corrupt_rule, "not a sound plaintext of " + std::to_string(bytes.size()) + " bytes");
  }
  const form::Plain& plain = *form::GetPlain(aligned.bytes().data());
  if (plain.value_type() != member<Table>) {
    return corrupt(corrupt_rule, "a plaintext of schema " +
                                     std::to_string(static_cast<unsigned>(plain.value_type())) +
                                     " in place of " + std::to_string(static_cast<unsigned>(member<Table>)));
  }
  Reading reading(bytes.size());
  Result<T> result{boost::system::in_place_value};
  read(reading, *static_cast<const Table*>(plain.value()), *result);
  if (!reading.ok()) return reading.error(corrupt_rule, "capsule.newer", "plaintext");
  return result;
}

}  // namespace

Bytes encode_plain(const std::string& value) { return encode(value); }
Bytes encode_plain(const MessageContent& value) { return encode(value); }
Bytes encode_plain(const Attachments& value) { return encode(value); }
Bytes encode_plain(const Preview& value) { return encode(value); }
Bytes encode_plain(const Identity& value) { return encode(value); }
Bytes encode_plain(const AgentProfile& value) { return encode(value); }

template <> Result<std::string> decode_plain<std::string>(ByteView bytes) {
  return decode<form::Text, std::string>(bytes);
}
template <> Result<MessageContent> decode_plain<MessageContent>(ByteView bytes) {
  return decode<form::Message, MessageContent>(bytes);
}
template <> Result<Attachments> decode_plain<Attachments>(ByteView bytes) {
  return decode<form::Attachments, Attachments>(bytes);
}
template <> Result<Preview> decode_plain<Preview>(ByteView bytes) {
  return decode<form::Preview, Preview>(bytes);
}
template <> Result<Identity> decode_plain<Identity>(ByteView bytes) {
  return decode<form::Identity, Identity>(bytes);
}
template <> Result<AgentProfile> decode_plain<AgentProfile>(ByteView bytes) {
  return decode<form::AgentProfile, AgentProfile>(bytes);
}

}  // namespace parlance
