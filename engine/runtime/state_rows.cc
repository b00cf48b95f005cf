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
template <class AnId> void write_ids(ByteWriter& out, const std::vector<AnId>& ids) {
  write_list(out, ids, [&](AnId id) { out.id(id); });
}
template <class AnId> void read_ids(ByteReader& in, std::vector<AnId>& ids) {
  read_list(in, ids, [&](AnId& id) { read_id(in, id); });
}
void write_rule(ByteWriter& out, const QueueRule& rule) {
  out.le(rule.kind).le(static_cast<std::uint8_t>(rule.prefers_language));
  write_ids(out, rule.skills);
  out.id(rule.team);
  write_optional(out, rule.offer_ms);
}
void read_rule(ByteReader& in, QueueRule& rule) {
  rule.kind = in.le<RuleKind>();
  rule.prefers_language = in.le<std::uint8_t>() != 0;
  read_ids(in, rule.skills);
  read_id(in, rule.team);
  read_optional(in, rule.offer_ms);
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
  out.le(s.language);
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
  s.language = in.le<Language>();
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
  out.le(s.version);
  write_list(out, s.agents, [&](const desk::Agent& a) {
    out.id(a.id).le(a.role);
    write_row(out, a.profile);
    write_list(out, a.languages, [&](Language language) { out.le(language); });
    write_ids(out, a.skills);
    write_ids(out, a.teams);
    out.le(a.capacity.total);
    write_list(out, a.capacity.channels,
               [&](const Capacity::OfChannel& limit) { out.le(limit.channel).le(limit.most); });
    out.le(static_cast<std::uint8_t>(a.active)).le(a.version);
  });
  write_list(out, s.queues, [&](const desk::Queue& q) {
    out.id(q.id).text(q.name);
    write_rule(out, q.rule);
    out.le(q.version);
  });
  write_list(out, s.tokens, [&](const desk::Token& t) { out.id(t.id).id(t.agent).le(t.scopes).raw(t.hash); });
  write_list(out, s.skills, [&](const desk::Skill& k) { out.id(k.id).text(k.name); });
  write_list(out, s.teams, [&](const desk::Team& t) { out.id(t.id).text(t.name).le(t.version); });
  out.le(static_cast<std::uint8_t>(s.routes));
}
void read_row(ByteReader& in, desk::State& s) {
  s.version = in.le<Version>();
  read_list(in, s.agents, [&](desk::Agent& a) {
    read_id(in, a.id);
    a.role = in.le<Role>();
    read_row(in, a.profile);
    read_list(in, a.languages, [&](Language& language) { language = in.le<Language>(); });
    read_ids(in, a.skills);
    read_ids(in, a.teams);
    a.capacity.total = in.le<std::uint16_t>();
    read_list(in, a.capacity.channels, [&](Capacity::OfChannel& limit) {
      limit.channel = in.le<Channel>();
      limit.most = in.le<std::uint16_t>();
    });
    a.active = in.le<std::uint8_t>() != 0;
    a.version = in.le<Version>();
  });
  read_list(in, s.queues, [&](desk::Queue& q) {
    read_id(in, q.id);
    q.name = in.text();
    read_rule(in, q.rule);
    q.version = in.le<Version>();
  });
  read_list(in, s.tokens, [&](desk::Token& t) {
    read_id(in, t.id);
    read_id(in, t.agent);
    t.scopes = in.le<Scope>();
    if (const ByteView hash = in.take(t.hash.size()); !hash.empty()) std::ranges::copy(hash, t.hash.begin());
  });
  read_list(in, s.skills, [&](desk::Skill& k) {
    read_id(in, k.id);
    k.name = in.text();
  });
  read_list(in, s.teams, [&](desk::Team& t) {
    read_id(in, t.id);
    t.name = in.text();
    t.version = in.le<Version>();
  });
  s.routes = in.le<std::uint8_t>() != 0;
}

void write_row(ByteWriter& out, const adoption::State& s) {
  out.le(s.body.settings_version).le(s.body.desk_version);
  write_policy(out, s.body.policy);
  write_tags(out, s.body.tags);
  write_list(out, s.body.queues, [&](const adoption::Queue& q) {
    out.id(q.id).text(q.name).le(static_cast<std::uint8_t>(q.routed));
  });
  write_ids(out, s.body.agents);
  write_list(out, s.body.teams, [&](const adoption::Team& t) { out.id(t.id).text(t.name); });
  out.le(static_cast<std::uint8_t>(s.body.routes));
}
void read_row(ByteReader& in, adoption::State& s) {
  s.body.settings_version = in.le<Version>();
  s.body.desk_version = in.le<Version>();
  read_policy(in, s.body.policy);
  read_tags(in, s.body.tags);
  read_list(in, s.body.queues, [&](adoption::Queue& q) {
    read_id(in, q.id);
    q.name = in.text();
    q.routed = in.le<std::uint8_t>() != 0;
  });
  read_ids(in, s.body.agents);
  read_list(in, s.body.teams, [&](adoption::Team& t) {
    read_id(in, t.id);
    t.name = in.text();
  });
  s.body.routes = in.le<std::uint8_t>() != 0;
}

void write_row(ByteWriter& out, const routing::State& s) { out.le(s.turns); }
void read_row(ByteReader& in, routing::State& s) { s.turns = in.le<std::uint64_t>(); }

}  // namespace parlance
