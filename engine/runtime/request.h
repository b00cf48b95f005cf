#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <boost/mp11/algorithm.hpp>

#include "engine/base/error.h"
#include "engine/base/id.h"
#include "engine/domain/adoption.h"
#include "engine/domain/conversation.h"
#include "engine/domain/desk.h"
#include "engine/domain/draft.h"
#include "engine/domain/intake.h"
#include "engine/domain/routing.h"
#include "engine/domain/settings.h"
#include "engine/domain/subject.h"

/// What the world may ask of an owner, and what it answers.
namespace parlance {

/// A message from outside on its way to the door of its address.
struct Arrive {
  Channel channel = Channel::none;
  StoreId store;
  std::string account;
  Language language = Language::und;
  std::string address;                   ///< normalised
  std::optional<ConversationId> thread;  ///< a reply token
  std::optional<CommandId> in_reply_to;  ///< the command id of an earlier message of this door
  MessageContent content;
  Attachments attachments;
  Instant at;
  bool ignore_thread = false;  ///< set where a forwarded message was refused: decide again without it
};
/// A forwarded message at the conversation that its door chose.
struct ReceiveForwarded {
  ConversationId conversation;
  ReferenceId author;
  Identity identity;
  Language language = Language::und;
  MessageContent content;
  Attachments attachments;
  Instant at;
};
/// An agent writes first.
struct OpenByAgent {
  Channel channel = Channel::none;
  StoreId store;
  std::string account;
  std::string address;  ///< normalised
  QueueId queue;        ///< zero: the first
  AgentId agent;
  MessageContent content;  ///< no text: opened only
  Attachments attachments;
  Instant at;
};
struct CreateSubject {
  SubjectId subject;
  Identity identity;
  Instant at;
};
struct AddIdentity {
  SubjectId subject;
  Identity identity;
  Instant at;
};
struct LinkAddress {
  Identity identity;
  ReferenceId row;
  Instant at;
};

/// A command for a conversation that exists. Fresh ids, previews, adopted settings, and what else a decision must be told of
/// the past, are filled in by the owner.
struct OnConversation {
  ConversationId conversation;
  boost::mp11::mp_remove<boost::mp11::mp_remove<conversation::Command, conversation::Open>,
                         conversation::Receive>
      command;
};
/// Keep's conversation, agent and requester are filled in by the owner.
struct OnDraft {
  ConversationId conversation;
  AgentId agent;
  draft::Keep command;
};
/// What is defined anew gets its id from the owner, and so do choices without one.
struct OnSettings {
  std::variant<settings::ChangePolicy, settings::AddTag, settings::DefineType, settings::DefineField,
               settings::DefineSubState, settings::ChangeTransitions, settings::DefineCannedReply,
               settings::SaveView, settings::RemoveView, settings::OpenImport, settings::CloseImport>
      command;
};
/// AddAgent's `row` is filled in by the owner.
struct OnDesk {
  std::variant<desk::AddAgent, desk::AddQueue, desk::IssueToken, desk::RevokeToken, desk::ChangeAgent,
               desk::AddSkill, desk::AddTeam, desk::ChangeTeam, desk::ChangeQueue>
      command;
};
/// The desk, the moment and what was followed before are filled in by the owner. The answer to an accepted offer waits until the
/// conversation has taken the agent, and is then about the conversation.
struct OnRouting {
  std::variant<routing::SetPresence, routing::Follow, routing::AcceptOffer, routing::DeclineOffer,
               routing::ExpireOffers, routing::RefuseAssign, routing::Review>
      command;
};
struct OnAdoption {
  adoption::Adopt command;
};

using Action = std::variant<Arrive, ReceiveForwarded, OpenByAgent, CreateSubject, AddIdentity, LinkAddress,
                            OnConversation, OnSettings, OnDesk, OnAdoption, OnDraft, OnRouting>;

struct Request {
  WorkspaceId workspace;
  Slot slot = 0;                     ///< where it is decided
  std::optional<CommandId> command;  ///< none: no key, so a retry is another command
  std::uint64_t fingerprint = 0;     ///< of key and body; 0: not compared
  Actor actor;
  std::optional<Version> if_match;
  EnvelopeId causation;
  EnvelopeId correlation;
  Action action;
  ImportId import;  ///< of which it is a part: it must be open; zero: of none
};

/// What one accepted command did, derived from its envelope, so that a repeat's is the first's.
struct Outcome {
  EnvelopeId envelope;
  std::vector<Position> positions;
  StreamId stream;         ///< that changed, or was asked to
  Version version = 0;     ///< of that stream
  bool replayed = false;   ///< a repeat's answer
  bool opened = false;     ///< a conversation began
  bool unchanged = false;  ///< it was so already
  std::optional<MessageId> message;
  std::optional<conversation::Act> undone;
  std::uint64_t ticket_number = 0;  ///< of the conversation opened or joined; 0 where it is not about one
  SubjectId subject;                ///< of an inbound's sender; zero when erased or not asked
  RawId made;  ///< the agent, queue, skill, team, token or word of the settings that was added
};

/// Errors besides the deciders' refusals: `version_conflict` ("stream.version_conflict"), `overloaded`, `read_only`, `invalid`
/// ("command.key_reused"), and `unavailable`: the same id may be sent again. Of these "command.not_done" says that nothing
/// happened, "command.unfinished" that a part is on record and the repeat does the rest; after any other the outcome is not
/// known.
using Answer = std::function<void(Result<Outcome>)>;

/// The answer where a first part is on record and a further one failed with `error`.
[[nodiscard]] inline Error unfinished(const Error& error) {
  return {Errc::unavailable, "command.unfinished",
          "begun, not finished (" + std::string(error.rule) + "); send it again with the same key"};
}

}  // namespace parlance
