#include "adapters/http/attachments.h"

#include <algorithm>
#include <sodium.h>

#include "adapters/http/file_names.h"

namespace parlance::http {
namespace {

constexpr std::size_t attachments_max = 20;
constexpr std::size_t inline_bytes_max = 256 * 1024;  ///< in all, decoded
constexpr std::size_t content_id_bytes_max = 255;

AttachmentId fresh_id(const Exchange& x) {
  std::array<std::uint8_t, 16> random;
  randombytes_buf(random.data(), random.size());
  return AttachmentId::from(make_raw_id(x.now(), x.caller.workspace.slot(), RawId::from_bytes(random)));
}

/// A file that came inside the command.
Attachment read_inline(const Exchange& x, Fields& one) {
  Attachment out;
  out.id = fresh_id(x);
  out.name = one.text("name", blob_name_bytes_max, true);
  out.type = one.text("type", blob_type_bytes_max, true);
  out.content_id = one.text("content_id", content_id_bytes_max);
  const std::string data = one.text("data", 2 * inline_bytes_max);
  if (!one.has("data"))
    one.fault("data", "required", "the file's bytes in base64, or instead the id of an upload");
  std::size_t length = 0;
  out.data.resize(data.size());
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(out.data.data()), out.data.size(), data.data(),
                        data.size(), nullptr, &length, nullptr, sodium_base64_VARIANT_ORIGINAL) != 0)
    one.fault("data", "not_base64", "base64 with padding is wanted");
  out.data.resize(length);
  return out;
}

/// An upload, or a file that a message has already: then as that message has it, if the caller may see it.
Result<std::optional<Attachment>> read_upload(const Exchange& x, AttachmentId id, ConversationId on) {
  auto found = find_attachment(x, id);
  if (found) {
    auto* file = std::get_if<AttachedFile>(&*found);
    if (file == nullptr) return std::optional<Attachment>();
    return std::optional(std::move(file->attachment));
  }
  if (found.error().code != Errc::not_found) return found.error();
  auto upload = x.context.parts.files.attach(x.caller.workspace, x.caller.actor, id, on);
  if (upload) return std::optional(std::move(*upload));
  if (upload.error().code == Errc::not_found) return std::optional<Attachment>();
  return upload.error();
}

}  // namespace

std::optional<Attachments> read_attachments(const Call& call, Fields& fields, std::vector<Fault>& faults,
                                            ConversationId on) {
  Attachments out;
  const json::array* list = fields.array("attachments", attachments_max);
  if (list == nullptr) return out;
  std::size_t total = 0;
  for (std::size_t i = 0; i < list->size(); ++i) {
    Fields one((*list)[i], "/attachments/" + std::to_string(i), faults);
    if (!one.has("id")) {
      out.push_back(read_inline(*call, one));
      total += out.back().data.size();
      one.finish();
      continue;
    }
    const auto id = parse_id<AttachmentId>(one.text("id", 40));
    const std::string content_id = one.text("content_id", content_id_bytes_max);
    one.finish();
    auto file = id ? read_upload(*call, *id, on) : Result<std::optional<Attachment>>(std::nullopt);
    if (!file) {
      call->fail(file.error());
      return std::nullopt;
    }
    const bool again =
        id && std::ranges::any_of(out, [&](const Attachment& other) { return other.id == *id; });
    if (!*file) {
      one.fault("id", "attachment.unknown",
                "no upload of that id that may be attached here; it may have waited too long");
    } else if (again) {
      one.fault("id", "attachment.twice", "one message has a file once");
    } else {
      out.push_back(std::move(**file));
      if (!content_id.empty()) out.back().content_id = content_id;
      if (out.back().key) call->uploads.push_back(*id);
    }
  }
  if (total > inline_bytes_max)
    fields.fault("attachments", "too_large",
                 "at most 256 KiB in all inside a command; upload larger ones to /v1/attachments");
  return out;
}

void settle_uploads(const Call& call, const std::vector<Position>& positions) {
  if (call->uploads.empty() || positions.empty()) return;
  // Not before the view can tell whose they are: a repeat of the command looks them up there.
  call->views().when_applied(positions.back(), [context = call->keep, uploads = call->uploads] {
    context->parts.on_disk([context, uploads] {
      for (const AttachmentId id : uploads) context->parts.files.attached(id);
    });
  });
}

Result<std::variant<AttachedFile, Erased>> find_attachment(const Exchange& x, AttachmentId id) {
  const auto uses = x.views().attachment_uses(x.caller.workspace, id);
  if (!uses) return uses.error();
  std::optional<Error> closed;
  std::optional<Erased> erased;
  for (const AttachmentUse& use : *uses) {
    auto opened = x.engine().door().open<Attachments>(x.caller.principal(), Purpose::support,
                                                      x.caller.workspace, use.attachments);
    if (const auto* gone = std::get_if<Erased>(&opened)) {
      // Redacted only where nothing else took it.
      erased = Erased{.day = std::max(gone->day, erased.value_or(*gone).day),
                      .redacted = gone->redacted && erased.value_or(*gone).redacted};
      continue;
    }
    if (auto* trouble = std::get_if<Unavailable>(&opened)) {
      closed = std::move(trouble->error);
      continue;
    }
    auto& all = std::get<Attachments>(opened);
    const auto found = std::ranges::find(all, id, &Attachment::id);
    if (found == all.end()) {
      closed = corrupt("attachment.corrupt", "the message's capsule does not hold what its event names");
      continue;
    }
    AttachedFile file{std::move(*found), std::nullopt};
    if (file.attachment.key) {
      auto blob = x.context.parts.files.open(x.caller.workspace, id, *file.attachment.key);
      if (!blob && blob.error().code == Errc::not_found)
        return corrupt("attachment.lost", "the file's bytes are gone, and nobody erased them");
      if (!blob) return blob.error();
      file.blob.emplace(std::move(*blob));
    }
    return std::variant<AttachedFile, Erased>(std::move(file));
  }
  if (closed) return *closed;
  if (erased) return std::variant<AttachedFile, Erased>(*erased);
  return Error{Errc::not_found, "attachment.not_found", "no file of that id"};
}

}  // namespace parlance::http
