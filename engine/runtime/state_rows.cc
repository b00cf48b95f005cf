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
void write_flag(ByteWriter& out, bool flag) { out.le(static_cast<std::uint8_t>(flag)); }
void read_flag(ByteReader& in, bool& flag) { flag = in.le<std::uint8_t>() != 0; }
void write_optional(ByteWriter& out, const std::optional<Instant>& value) {
  write_optional(out, value ? std::optional(value->ms) : std::nullopt);
}
void read_optional(ByteReader& in, std::optional<Instant>& value) {
  std::optional<std::int64_t> ms;
  read_optional(in, ms);
  value = ms ? std::optional(Instant{*ms}) : std::nullopt;
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

void write_types(ByteWriter& out, const std::vector<settings::Type>& types) {
  write_list(out, types, [&](const settings::Type& t) {
    out.id(t.id).text(t.name);
    write_flag(out, t.retired);
  });
}
void read_types(ByteReader& in, std::vector<settings::Type>& types) {
  read_list(in, types, [&](settings::Type& t) {
    read_id(in, t.id);
    t.name = in.text();
    read_flag(in, t.retired);
  });
}
void write_fields(ByteWriter& out, const std::vector<settings::Field>& fields) {
  write_list(out, fields, [&](const settings::Field& f) {
    out.id(f.id).text(f.name).le(f.kind);
    write_list(out, f.choices, [&](const settings::Choice& c) {
      out.id(c.id).text(c.name);
      write_flag(out, c.retired);
    });
    write_flag(out, f.required_to_resolve);
    write_flag(out, f.retired);
  });
}
void read_fields(ByteReader& in, std::vector<settings::Field>& fields) {
  read_list(in, fields, [&](settings::Field& f) {
    read_id(in, f.id);
    f.name = in.text();
    f.kind = in.le<FieldKind>();
    read_list(in, f.choices, [&](settings::Choice& c) {
      read_id(in, c.id);
      c.name = in.text();
      read_flag(in, c.retired);
    });
    read_flag(in, f.required_to_resolve);
    read_flag(in, f.retired);
  });
}
void write_sub_states(ByteWriter& out, const std::vector<settings::SubState>& sub_states) {
  write_list(out, sub_states, [&](const settings::SubState& s) {
    out.id(s.id).text(s.name).le(s.state);
    write_flag(out, s.retired);
  });
}
void read_sub_states(ByteReader& in, std::vector<settings::SubState>& sub_states) {
  read_list(in, sub_states, [&](settings::SubState& s) {
    read_id(in, s.id);
    s.name = in.text();
    s.state = in.le<conversation::Phase>();
    read_flag(in, s.retired);
  });
}
void write_transitions(ByteWriter& out, const settings::Transitions& transitions) {
  write_flag(out, transitions.has_value());
  if (!transitions) return;
  write_list(out, *transitions, [&](const settings::Transition& t) {
    out.le(t.from.state).id(t.from.sub_state).le(t.to.state).id(t.to.sub_state);
  });
}
void read_transitions(ByteReader& in, settings::Transitions& transitions) {
  bool some = false;
  read_flag(in, some);
  if (!some) return transitions.reset();
  read_list(in, transitions.emplace(), [&](settings::Transition& t) {
    t.from.state = in.le<conversation::Phase>();
    read_id(in, t.from.sub_state);
    t.to.state = in.le<conversation::Phase>();
    read_id(in, t.to.sub_state);
  });
}

void write_entries(ByteWriter& out, const std::vector<conversation::FieldEntry>& entries) {
  write_list(out, entries, [&](const conversation::FieldEntry& e) {
    out.id(e.field).le(static_cast<std::uint8_t>(e.value.index()));
    if (const auto* text = std::get_if<Personal<std::string>>(&e.value)) write_row(out, text->sealed());
    if (const auto* number = std::get_if<conversation::NumberValue>(&e.value))
      out.le(number->ten_thousandths);
    if (const auto* date = std::get_if<conversation::DateValue>(&e.value)) out.le(date->days);
    if (const auto* choice = std::get_if<ChoiceId>(&e.value)) out.id(*choice);
    if (const auto* yes = std::get_if<bool>(&e.value)) write_flag(out, *yes);
  });
}
void read_entries(ByteReader& in, std::vector<conversation::FieldEntry>& entries) {
  read_list(in, entries, [&](conversation::FieldEntry& e) {
    read_id(in, e.field);
    switch (static_cast<FieldKind>(in.le<std::uint8_t>())) {
      case FieldKind::none: break;
      case FieldKind::text: {
        Sealed sealed;
        read_row(in, sealed);
        e.value.emplace<Personal<std::string>>(sealed);
        break;
      }
      case FieldKind::number:
        e.value.emplace<conversation::NumberValue>().ten_thousandths = in.le<std::int64_t>();
        break;
      case FieldKind::date: e.value.emplace<conversation::DateValue>().days = in.le<std::int32_t>(); break;
      case FieldKind::choice: read_id(in, e.value.emplace<ChoiceId>()); break;
      case FieldKind::boolean: read_flag(in, e.value.emplace<bool>()); break;
    }
  });
}

void write_before(ByteWriter& out, const conversation::Before& b) {
  out.le(b.parts);
  if (b.parts == conversation::Part::none) return;
  out.le(b.phase).id(b.sub_state).le(b.snoozed_until.ms).le(b.closes_at.ms).le(b.reopens_until.ms);
  write_optional(out, b.unanswered_since);
  out.le(b.first_response).le(b.first_response_due.ms);
  write_flag(out, b.escalated);
  out.id(b.queue).id(b.agent).id(b.team).le(b.priority).id(b.type);
  write_list(out, b.tags_added, [&](TagId id) { out.id(id); });
  write_list(out, b.tags_removed, [&](TagId id) { out.id(id); });
  write_entries(out, b.fields);
}
void read_before(ByteReader& in, conversation::Before& b) {
  b.parts = in.le<conversation::Part>();
  if (b.parts == conversation::Part::none) return;
  b.phase = in.le<conversation::Phase>();
  read_id(in, b.sub_state);
  b.snoozed_until.ms = in.le<std::int64_t>();
  b.closes_at.ms = in.le<std::int64_t>();
  b.reopens_until.ms = in.le<std::int64_t>();
  read_optional(in, b.unanswered_since);
  b.first_response = in.le<conversation::FirstResponse>();
  b.first_response_due.ms = in.le<std::int64_t>();
  read_flag(in, b.escalated);
  read_id(in, b.queue);
  read_id(in, b.agent);
  read_id(in, b.team);
  b.priority = in.le<Priority>();
  read_id(in, b.type);
  read_list(in, b.tags_added, [&](TagId& id) { read_id(in, id); });
  read_list(in, b.tags_removed, [&](TagId& id) { read_id(in, id); });
  read_entries(in, b.fields);
}
void write_done(ByteWriter& out, const conversation::Done& d) {
  out.le(d.act).le(d.by.kind).id(d.by.id).id(d.envelope).le(d.recorded_at.ms).le(d.at.ms).le(d.parts);
  write_flag(out, d.overtaken);
  write_before(out, d.before);
}
void read_done(ByteReader& in, conversation::Done& d) {
  d.act = in.le<conversation::Act>();
  d.by.kind = in.le<ActorKind>();
  d.by.id = in.id();
  read_id(in, d.envelope);
  d.recorded_at.ms = in.le<std::int64_t>();
  d.at.ms = in.le<std::int64_t>();
  d.parts = in.le<conversation::Part>();
  read_flag(in, d.overtaken);
  read_before(in, d.before);
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
  write_flag(out, s.preview.has_value());
  if (s.preview) write_row(out, *s.preview);
  out.id(s.team).id(s.type).id(s.sub_state);
  write_flag(out, s.escalated);
  write_entries(out, s.fields);
  write_optional(out, s.unanswered_since);
  out.le(s.last_received_at.ms).id(s.resolved_by);
  for (const auto& score : s.scores) {
    write_flag(out, score.has_value());
    out.le(score.value_or(0));
  }
  write_list(out, s.redacted, [&](MessageId id) { out.id(id); });
  write_list(out, s.acts, [&](const conversation::Done& d) { write_done(out, d); });
  out.le(s.version).le(s.message_version);
  out.le(s.language);
  out.le(s.opened_at.ms);
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
  read_id(in, s.team);
  read_id(in, s.type);
  read_id(in, s.sub_state);
  read_flag(in, s.escalated);
  read_entries(in, s.fields);
  read_optional(in, s.unanswered_since);
  s.last_received_at.ms = in.le<std::int64_t>();
  read_id(in, s.resolved_by);
  for (auto& score : s.scores) {
    bool rated = false;
    read_flag(in, rated);
    const auto value = in.le<std::uint8_t>();
    score = rated ? std::optional(value) : std::nullopt;
  }
  read_list(in, s.redacted, [&](MessageId& id) { read_id(in, id); });
  read_list(in, s.acts, [&](conversation::Done& d) { read_done(in, d); });
  s.version = in.le<Version>();
  s.message_version = in.le<Version>();
  s.language = in.le<Language>();
  s.opened_at.ms = in.le<std::int64_t>();
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
  write_types(out, s.types);
  write_fields(out, s.fields);
  write_sub_states(out, s.sub_states);
  write_transitions(out, s.transitions);
  write_list(out, s.canned_replies, [&](const settings::CannedReply& r) {
    out.id(r.id).text(r.name).le(r.language).text(r.shortcut).text(r.text);
    write_flag(out, r.retired);
  });
  write_list(out, s.views, [&](const settings::SavedView& v) {
    out.id(v.id).id(v.owner).le(v.order);
    write_flag(out, v.shared);
    write_row(out, v.name);
    write_row(out, v.filter);
  });
  write_list(out, s.imports, [&](ImportId id) { out.id(id); });
}
void read_row(ByteReader& in, settings::State& s) {
  read_policy(in, s.policy);
  read_tags(in, s.tags);
  read_types(in, s.types);
  read_fields(in, s.fields);
  read_sub_states(in, s.sub_states);
  read_transitions(in, s.transitions);
  read_list(in, s.canned_replies, [&](settings::CannedReply& r) {
    read_id(in, r.id);
    r.name = in.text();
    r.language = in.le<Language>();
    r.shortcut = in.text();
    r.text = in.text();
    read_flag(in, r.retired);
  });
  read_list(in, s.views, [&](settings::SavedView& v) {
    read_id(in, v.id);
    read_id(in, v.owner);
    v.order = in.le<ViewOrder>();
    read_flag(in, v.shared);
    read_row(in, v.name);
    read_row(in, v.filter);
  });
  read_list(in, s.imports, [&](ImportId& id) { read_id(in, id); });
}

void write_row(ByteWriter& out, const draft::State& s) {
  out.id(s.conversation).id(s.agent).le(s.kind).le(s.updated_at.ms);
  write_flag(out, s.text.has_value());
  if (s.text) write_row(out, *s.text);
}
void read_row(ByteReader& in, draft::State& s) {
  read_id(in, s.conversation);
  read_id(in, s.agent);
  s.kind = in.le<DraftKind>();
  s.updated_at.ms = in.le<std::int64_t>();
  bool some = false;
  read_flag(in, some);
  if (some) read_row(in, s.text.emplace());
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
  write_types(out, s.body.types);
  write_fields(out, s.body.fields);
  write_sub_states(out, s.body.sub_states);
  write_transitions(out, s.body.transitions);
  write_list(out, s.body.teams, [&](const adoption::Team& t) { out.id(t.id).text(t.name); });
  out.le(static_cast<std::uint8_t>(s.body.routes));
  write_list(out, s.body.imports, [&](ImportId id) { out.id(id); });
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
  read_types(in, s.body.types);
  read_fields(in, s.body.fields);
  read_sub_states(in, s.body.sub_states);
  read_transitions(in, s.body.transitions);
  read_list(in, s.body.teams, [&](adoption::Team& t) {
    read_id(in, t.id);
    t.name = in.text();
  });
  s.body.routes = in.le<std::uint8_t>() != 0;
  read_list(in, s.body.imports, [&](ImportId& id) { read_id(in, id); });
}

void write_row(ByteWriter& out, const routing::State& s) { out.le(s.turns); }
void read_row(ByteReader& in, routing::State& s) { s.turns = in.le<std::uint64_t>(); }

}  // namespace parlance
