#pragma once
#include "projections/projection.h"

namespace parlance {

/// Which messages each attached file belongs to: what makes an upload used, and by which its bytes are found. Their names and
/// keys lie in the capsules that the rows point at.
struct AttachmentView {
  static constexpr std::string_view name = "attachment";
  static constexpr std::uint32_t version = 1;
  using Events = Handles<conversation::MessageReceived, conversation::Replied, conversation::NoteAdded>;

  /// Key: tag 1, attachment, envelope, the capsule's number (16 bits).
  struct Use {
    std::uint32_t view_version = 0;
    std::uint32_t zero = 0;
    ConversationId conversation;
    MessageId message;
    RowSealed attachments;
  };
  static constexpr std::uint8_t use_tag = 1;

  template <class Message> static ApplyOutcome on(const Message& e, const EventAt& at, Rows& rows) {
    if (e.files.empty()) return applied;
    if (!e.attachments) return cannot("attachment.no_capsule");
    const Sealed& sealed = e.attachments->sealed();
    for (const AttachmentId file : e.files) {
      auto& use =
          rows.at<Use>(rows.key(use_tag).id(file).id(sealed.capsule.envelope).be(sealed.capsule.number));
      use.conversation = ConversationId::from(at.stream.id);
      use.message = e.id;
      use.attachments = RowSealed(sealed);
    }
    return applied;
  }
};

}  // namespace parlance
