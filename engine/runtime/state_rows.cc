#include "engine/runtime/state_rows.h"

#include <algorithm>

namespace parlance {
namespace {

// Lists are a 32-bit count and the items; a count that cannot fit into what is left ends the read (ByteReader::ok).
template <class T, class Write> void write_list(ByteWriter& out, const std::vector<T>& items, Write write) {
  out.le(static_cast<std::uint32_t>(items.size()));
  for (const T& item : items) write(item);
}
template <class T, class Read> void read_list(ByteReader& in, std::vector<T>& items, Read read) {
  const auto count = in.le<std::uint32_t>();
  items.clear();
  items.reserve(std::min<std::size_t>(count, in.left()));
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) read(items.emplace_back());
}
void write_optional(ByteWriter& out, const std::optional<std::int64_t>& value) {
  out.le(static_cast<std::uint8_t>(value.has_value())).le(value.value_or(0));
}
void read_optional(ByteReader& in, std::optional<std::int64_t>& value) {
  const bool there = in.le<std::uint8_t>() != 0;
  const auto stored = in.le<std::int64_t>();
  value = there ? std::optional(stored) : std::nullopt;
}
template <class AnId> void read_id(ByteReader& in, AnId& id) { id = in.id_of<AnId>(); }

void write_policy(ByteWriter& out, const settings::Policy& p) {
  write_optional(out, p.first_response_ms);
  write_optional(out, p.auto_close_ms);
  out.le(p.reopen_window_ms);
}
void read_policy(ByteReader& in, settings::Policy& p) {
  read_optional(in, p.first_response_ms);
  read_optional(in, p.auto_close_ms);
  p.reopen_window_ms = in.le<std::int64_t>();
}
void write_tags(ByteWriter& out, const std::vector<settings::Tag>& tags) {
  write_list(out, tags, [&](const settings::Tag& t) { out.id(t.id).text(t.name); });
}
void read_tags(ByteReader& in, std::vector<settings::Tag>& tags) {
  read_list(in, tags, [&](settings::Tag& t) {
    read_id(in, t.id);
    t.name = in.text();
  });
}
void write_queues(ByteWriter& out, const std::vector<desk::Queue>& queues) {
  write_list(out, queues, [&](const desk::Queue& q) { out.id(q.id).text(q.name); });
}
void read_queues(ByteReader& in, std::vector<desk::Queue>& queues) {
  read_list(in, queues, [&](desk::Queue& q) {
    read_id(in, q.id);
    q.name = in.text();
  });
}

}  // namespace

void write_row(ByteWriter& out, const Sealed& s) {
  out.id(s.capsule.envelope).le(s.capsule.number).id(s.reference).le(s.field_class).raw(s.digest);
}
void read_row(ByteReader& in, Sealed& s) {
  read_id(in, s.capsule.envelope);
  s.capsule.number = in.le<std::uint16_t>();
  read_id(in, s.reference);
  s.field_class = in.le<FieldClass>();
  if (const ByteView digest = in.take(s.digest.size()); !digest.empty())
    std::ranges::copy(digest, s.digest.begin());
}

void write_row(ByteWriter& out, const conversation::State& s) {
  out.le(s.phase).le(s.number).id(s.requester);
  write_list(out, s.participants, [&](ReferenceId id) { out.id(id); });
  out.le(s.channel).id(s.store).id(s.queue).id(s.agent).le(s.priority);
  write_list(out, s.tags, [&](TagId id) { out.id(id); });
  out.le(s.episode)
      .le(s.first_response)
      .le(s.first_response_due.ms)
      .le(s.snoozed_until.ms)
      .le(s.closes_at.ms);
  out.le(s.reopens_until.ms)
      .le(static_cast<std::uint8_t>(s.customer_wrote_in_episode))
      .le(static_cast<std::uint8_t>(s.answered_in_episode));
  out.le(static_cast<std::uint8_t>(s.preview.has_value()));
  if (s.preview) write_row(out, *s.preview);
  out.le(s.version).le(s.message_version);
}
void read_row(ByteReader& in, conversation::State& s) {
  s.phase = in.le<conversation::Phase>();
  s.number = in.le<std::uint64_t>();
  read_id(in, s.requester);
  read_list(in, s.participants, [&](ReferenceId& id) { read_id(in, id); });
  s.channel = in.le<Channel>();
  read_id(in, s.store);
  read_id(in, s.queue);
  read_id(in, s.agent);
  s.priority = in.le<Priority>();
  read_list(in, s.tags, [&](TagId& id) { read_id(in, id); });
  s.episode = in.le<std::uint32_t>();
  s.first_response = in.le<conversation::FirstResponse>();
  s.first_response_due.ms = in.le<std::int64_t>();
  s.snoozed_until.ms = in.le<std::int64_t>();
  s.closes_at.ms = in.le<std::int64_t>();
  s.reopens_until.ms = in.le<std::int64_t>();
  s.customer_wrote_in_episode = in.le<std::uint8_t>() != 0;
  s.answered_in_episode = in.le<std::uint8_t>() != 0;
  if (in.le<std::uint8_t>() != 0) read_row(in, s.preview.emplace());
  s.version = in.le<Version>();
  s.message_version = in.le<Version>();
}

void write_row(ByteWriter& out, const subject::State& s) {
  out.le(static_cast<std::uint8_t>(s.exists)).id(s.row);
  write_list(out, s.identities, [&](const Sealed& sealed) { write_row(out, sealed); });
}
void read_row(ByteReader& in, subject::State& s) {
  s.exists = in.le<std::uint8_t>() != 0;
  read_id(in, s.row);
  read_list(in, s.identities, [&](Sealed& sealed) { read_row(in, sealed); });
}

void write_row(ByteWriter& out, const settings::State& s) {
  write_policy(out, s.policy);
  write_tags(out, s.tags);
}
void read_row(ByteReader& in, settings::State& s) {
  read_policy(in, s.policy);
  read_tags(in, s.tags);
}

void write_row(ByteWriter& out, const desk::State& s) {
  write_list(out, s.agents, [&](const desk::Agent& a) {
    out.id(a.id).le(a.role);
    write_row(out, a.profile);
  });
  write_queues(out, s.queues);
  write_list(out, s.tokens, [&](const desk::Token& t) { out.id(t.id).id(t.agent).le(t.scopes).raw(t.hash); });
}
void read_row(ByteReader& in, desk::State& s) {
  read_list(in, s.agents, [&](desk::Agent& a) {
    read_id(in, a.id);
    a.role = in.le<Role>();
    read_row(in, a.profile);
  });
  read_queues(in, s.queues);
  read_list(in, s.tokens, [&](desk::Token& t) {
    read_id(in, t.id);
    read_id(in, t.agent);
    t.scopes = in.le<Scope>();
    if (const ByteView hash = in.take(t.hash.size()); !hash.empty()) std::ranges::copy(hash, t.hash.begin());
  });
}

void write_row(ByteWriter& out, const adoption::State& s) {
  out.le(s.body.settings_version).le(s.body.desk_version);
  write_policy(out, s.body.policy);
  write_tags(out, s.body.tags);
  write_queues(out, s.body.queues);
  write_list(out, s.body.agents, [&](AgentId id) { out.id(id); });
}
void read_row(ByteReader& in, adoption::State& s) {
  s.body.settings_version = in.le<Version>();
  s.body.desk_version = in.le<Version>();
  read_policy(in, s.body.policy);
  read_tags(in, s.body.tags);
  read_queues(in, s.body.queues);
  read_list(in, s.body.agents, [&](AgentId& id) { read_id(in, id); });
}

}  // namespace parlance
