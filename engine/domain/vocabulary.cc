#include "engine/domain/vocabulary.h"

#include <algorithm>

namespace parlance {
namespace {

template <class E, std::size_t N>
std::optional<E> find_name(const std::array<std::pair<E, std::string_view>, N>& names,
                           std::string_view text) {
  const auto it = std::ranges::find(names, text, [](const auto& entry) { return entry.second; });
  if (it == names.end()) return std::nullopt;
  return it->first;
}
template <class E, std::size_t N>
std::string_view name_of(const std::array<std::pair<E, std::string_view>, N>& names, E value) {
  const auto it = std::ranges::find(names, value, [](const auto& entry) { return entry.first; });
  return it == names.end() ? "none" : it->second;
}

using Named = std::string_view;
constexpr std::array<std::pair<Channel, Named>, 10> channels{{{Channel::email, "email"},
                                                              {Channel::chat, "chat"},
                                                              {Channel::whatsapp, "whatsapp"},
                                                              {Channel::messenger, "messenger"},
                                                              {Channel::instagram, "instagram"},
                                                              {Channel::sms, "sms"},
                                                              {Channel::voice, "voice"},
                                                              {Channel::marketplace, "marketplace"},
                                                              {Channel::social, "social"},
                                                              {Channel::api, "api"}}};
constexpr std::array<std::pair<Priority, Named>, 4> priorities{{{Priority::low, "low"},
                                                                {Priority::normal, "normal"},
                                                                {Priority::high, "high"},
                                                                {Priority::urgent, "urgent"}}};
constexpr std::array<std::pair<Role, Named>, 3> roles{
    {{Role::agent, "agent"}, {Role::lead, "lead"}, {Role::admin, "admin"}}};
constexpr std::array<std::pair<ActorKind, Named>, 4> actors{{{ActorKind::customer, "customer"},
                                                             {ActorKind::agent, "agent"},
                                                             {ActorKind::program, "program"},
                                                             {ActorKind::system, "system"}}};
constexpr std::array<std::pair<FieldKind, Named>, 5> field_kinds{{{FieldKind::text, "text"},
                                                                  {FieldKind::number, "number"},
                                                                  {FieldKind::date, "date"},
                                                                  {FieldKind::choice, "choice"},
                                                                  {FieldKind::boolean, "boolean"}}};
constexpr std::array<std::pair<RatingKind, Named>, 3> rating_kinds{
    {{RatingKind::csat, "csat"}, {RatingKind::nps, "nps"}, {RatingKind::ces, "ces"}}};
constexpr std::array<std::pair<DraftKind, Named>, 2> draft_kinds{
    {{DraftKind::reply, "reply"}, {DraftKind::note, "note"}}};

// ISO 639-1, the 183 two-letter codes in use (Library of Congress code list).
constexpr std::string_view iso_639_1 =
    "aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz "
    "ee el en eo "
    "es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it "
    "iu ja jv ka "
    "kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na "
    "nb nd ne ng "
    "nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq "
    "sr ss st su "
    "sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu ";
// ISO 15924 scripts that tell two written forms of one language apart.
constexpr std::array<std::string_view, 6> scripts{"", "Hans", "Hant", "Latn", "Cyrl", "Arab"};

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool same_word(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace

std::string_view to_text(Channel channel) { return name_of(channels, channel); }
std::optional<Channel> parse_channel(std::string_view text) { return find_name(channels, text); }
std::string_view to_text(Priority priority) { return name_of(priorities, priority); }
std::optional<Priority> parse_priority(std::string_view text) { return find_name(priorities, text); }
std::string_view to_text(Role role) { return name_of(roles, role); }
std::optional<Role> parse_role(std::string_view text) { return find_name(roles, text); }
std::string_view to_text(ActorKind kind) { return name_of(actors, kind); }
std::string_view to_text(FieldKind kind) { return name_of(field_kinds, kind); }
std::optional<FieldKind> parse_field_kind(std::string_view text) { return find_name(field_kinds, text); }
std::string_view to_text(RatingKind kind) { return name_of(rating_kinds, kind); }
std::optional<RatingKind> parse_rating_kind(std::string_view text) { return find_name(rating_kinds, text); }
std::string_view to_text(DraftKind kind) { return name_of(draft_kinds, kind); }
std::optional<DraftKind> parse_draft_kind(std::string_view text) { return find_name(draft_kinds, text); }

Language parse_language(std::string_view tag) {
  const auto next_part = [&] {
    const std::size_t end = std::min(tag.find_first_of("-_"), tag.size());
    const std::string_view part = tag.substr(0, end);
    tag.remove_prefix(std::min(end + 1, tag.size()));
    return part;
  };
  const std::string_view primary = next_part();
  if (primary.size() != 2) return Language::und;
  const std::array<char, 3> word{lower(primary[0]), lower(primary[1]), ' '};
  const std::size_t at = iso_639_1.find(std::string_view(word.data(), word.size()));
  if (at == std::string_view::npos || at % 3 != 0) return Language::und;
  const int code = 1 + (word[0] - 'a') + 26 * (word[1] - 'a');
  int script = 0;
  if (const std::string_view second = next_part(); !second.empty()) {
    for (std::size_t i = 1; i < scripts.size(); ++i)
      if (same_word(second, scripts[i])) script = static_cast<int>(i);
    // Chinese names a region far more often than a script; the script is what a reader needs to know.
    if (script == 0 && word[0] == 'z' && word[1] == 'h')
      script = same_word(second, "TW") || same_word(second, "HK") || same_word(second, "MO") ? 2
               : same_word(second, "CN") || same_word(second, "SG")                          ? 1
                                                                                             : 0;
  }
  return static_cast<Language>(code + 1024 * script);
}

std::string to_text(Language language) {
  const auto stored = static_cast<unsigned>(language);
  const unsigned code = stored % 1024;
  const unsigned script = stored / 1024;
  if (code == 0 || code > 26 * 26 || script >= scripts.size()) return "und";
  std::string out{static_cast<char>('a' + (code - 1) % 26), static_cast<char>('a' + (code - 1) / 26)};
  if (script != 0) out.append("-").append(scripts[script]);
  return out;
}

std::string preview_of(std::string_view text, std::size_t bytes_max) {
  std::string out;
  bool space = false;
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t width = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (width == 1 && lead <= ' ') {
      space = !out.empty();
      ++i;
      continue;
    }
    if (i + width > text.size() || out.size() + width + (space ? 1 : 0) > bytes_max) break;
    if (space) out += ' ';
    space = false;
    out.append(text.substr(i, width));
    i += width;
  }
  return out;
}

}  // namespace parlance
