#pragma once
#include <optional>
#include <vector>

#include "adapters/http/exchange.h"

/// Attached files in the bodies of commands.
namespace parlance::http {

/// The member `attachments`: uploads by id, and small files as base64. Faults go to `faults`; none where it has answered, because keys or
/// disk do not. `on` is the conversation that gets them, zero where that is not known.
[[nodiscard]] std::optional<Attachments> read_attachments(const Call& call, Fields& fields,
                                                          std::vector<Fault>& faults, ConversationId on = {});
/// The command that names the call's uploads is certain.
void settle_uploads(const Call& call, const std::vector<Position>& positions);

/// A file that a message has, opened for the caller.
struct AttachedFile {
  Attachment attachment;
  std::optional<OpenBlob> blob;  ///< where the bytes are not in `attachment`
};
/// By id, wherever the caller may see it. Errors: `not_found` "attachment.not_found", `refused` as the door says, `unavailable`,
/// `corrupt`; Erased with the day.
[[nodiscard]] Result<std::variant<AttachedFile, Erased>> find_attachment(const Exchange& x, AttachmentId id);

}  // namespace parlance::http
