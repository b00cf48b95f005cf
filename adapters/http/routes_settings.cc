#include <algorithm>
#include <charconv>

#include "adapters/http/commands.h"

/// The administrator's own words: what conversations are about, what is noted of them, where they stand, and answers that are
/// written once. Each change is made on the settings as the caller saw them.
namespace parlance::http {
namespace {

/// The settings that the caller's If-Match names; none, and answered, where it names none or others.
class Seen {
 public:
  explicit Seen(const Call& call) : directory_(call->engine().directory()) {
    if (!has_if_match(call, "GET /v1/settings")) return;
    const WorkspaceState* workspace = call->workspace(*directory_);
    if (workspace == nullptr) {
      call->fail(503, "unavailable", "the workspace is not there yet; try again soon");
      return;
    }
    std::string_view etag = call->request.header("if-match");
    if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"') etag = etag.substr(1, etag.size() - 2);
    // A changed word is made of the one there is, so the two must be of one version. (A repeat names the version that its
    // first found, which is gone by now; it is answered with what the first did.)
    Version version = 0;
    const auto [end, error] = std::from_chars(etag.data(), etag.data() + etag.size(), version);
    const bool number = error == std::errc{} && end == etag.data() + etag.size();
    const bool repeats =
        !call->request.header("idempotency-key").empty() && version < workspace->settings_version;
    if (number && version != workspace->settings_version && !repeats) {
      call->fail(Error{Errc::version_conflict, "stream.version_conflict",
                       std::to_string(workspace->settings_version)});
      return;
    }
    settings_ = &workspace->settings;
  }
  [[nodiscard]] const settings::State* operator->() const { return settings_; }
  [[nodiscard]] explicit operator bool() const { return settings_ != nullptr; }

 private:
  std::shared_ptr<const Directory> directory_;
  const settings::State* settings_ = nullptr;
};

/// The word that the path names, or an answered 404.
template <class Word> std::optional<Word> word_in_path(const Call& call, const std::vector<Word>& words) {
  const auto id = path_id<decltype(Word::id)>(call);
  if (!id) return std::nullopt;
  const auto it = std::ranges::find(words, *id, &Word::id);
  if (it != words.end()) return *it;
  call->fail(404, "settings.word_unknown", "nothing of that id is in the settings");
  return std::nullopt;
}

template <class AnId, class Command> void submit_words(const Call& call, Command command, unsigned status) {
  submit(call,
         request_for(call, call->caller.workspace.slot(), call->request.path, OnSettings{std::move(command)}),
         status, [](const Outcome& outcome, json::object& body) {
           if (outcome.made) body["id"] = to_text(AnId::from(outcome.made));
         });
}

/// Reads `name` and `retired` into the word; a new one has a name.
template <class Word> void read_name(Fields& fields, Word& word, bool anew) {
  if (std::string name = fields.text("name", settings::name_bytes_max, anew || fields.has("name"));
      !name.empty())
    word.name = std::move(name);
  if (!anew) word.retired = fields.boolean("retired").value_or(word.retired);
}

/// Defines a word: a new one, or the one in the path with what the body changes. `read` reads the rest of the body.
template <class Command, class Word, class Read>
void define(const Call& call, const std::vector<Word>& words, bool anew, const Read& read) {
  Word word;
  if (!anew) {
    auto there = word_in_path(call, words);
    if (!there) return;
    word = std::move(*there);
  }
  std::vector<Fault> faults;
  Fields fields(call->body, "", faults);
  read_name(fields, word, anew);
  read(fields, faults, word);
  fields.finish();
  if (!faults.empty()) return call->fail(faults);
  submit_words<decltype(Word::id)>(call, Command{std::move(word), anew}, anew ? 201 : 200);
}

// ---- types ----

template <bool anew> void define_type(const Call& call) {
  const Seen seen(call);
  if (!seen) return;
  define<settings::DefineType>(call, seen->types, anew,
                               [](Fields&, std::vector<Fault>&, const settings::Type&) {});
}

// ---- fields ----

void read_choices(Fields& fields, std::vector<Fault>& faults, settings::Field& field) {
  const json::array* list = fields.array("choices", settings::choices_max);
  if (list == nullptr) return;
  // One that is not listed any more is retired: conversations that were given it go on naming it.
  for (settings::Choice& choice : field.choices) choice.retired = true;
  for (std::size_t i = 0; i < list->size(); ++i) {
    const json::value& item = (*list)[i];
    const std::string_view name = item.is_string() ? std::string_view(item.as_string()) : std::string_view();
    if (name.empty() || name.size() > settings::name_bytes_max || name.find('\0') != std::string_view::npos) {
      faults.push_back(
          {"/choices/" + std::to_string(i), "settings.name_length", "a name has 1 to 200 bytes"});
      continue;
    }
    const auto there = std::ranges::find(field.choices, name, &settings::Choice::name);
    if (there == field.choices.end())
      field.choices.push_back({{}, std::string(name), false});
    else if (there->retired)
      there->retired = false;
    else
      faults.push_back({"/choices/" + std::to_string(i), "settings.choice_twice", "it is there twice"});
  }
}

template <bool anew> void define_field(const Call& call) {
  const Seen seen(call);
  if (!seen) return;
  define<settings::DefineField>(
      call, seen->fields, anew, [](Fields& fields, std::vector<Fault>& faults, settings::Field& field) {
        if constexpr (anew) {
          const std::string kind = fields.text("kind", 40, true);
          const auto parsed = parse_field_kind(kind);
          if (!parsed && !kind.empty())
            fields.fault("kind", "unknown", "text, number, date, choice or boolean");
          field.kind = parsed.value_or(FieldKind::none);
        }
        read_choices(fields, faults, field);
        field.required_to_resolve = fields.boolean("required_to_resolve").value_or(field.required_to_resolve);
      });
}

// ---- sub-states and the ways between states ----

template <bool anew> void define_sub_state(const Call& call) {
  const Seen seen(call);
  if (!seen) return;
  define<settings::DefineSubState>(
      call, seen->sub_states, anew, [](Fields& fields, std::vector<Fault>&, settings::SubState& sub_state) {
        if constexpr (anew) {
          const std::string state = fields.text("state", 40, true);
          const auto parsed = conversation::parse_phase(state);
          if (!parsed && !state.empty())
            fields.fault(
                "state", "unknown_state",
                "new, open, waiting_customer, waiting_third_party, snoozed, resolved, closed or spam");
          sub_state.state = parsed.value_or(conversation::Phase::absent);
        }
      });
}

settings::Place read_place(const settings::State& settings, Fields& fields, std::string_view name) {
  settings::Place place;
  const std::string text = fields.text(name, settings::name_bytes_max, true);
  if (text.empty()) return place;
  if (const auto phase = conversation::parse_phase(text))
    place.state = *phase;
  else
    place.sub_state = find_word(settings.sub_states, text, fields, name, "settings.place_unknown");
  return place;
}

void change_transitions(const Call& call) {
  const Seen seen(call);
  if (!seen) return;
  std::vector<Fault> faults;
  Fields fields(call->body, "", faults);
  settings::ChangeTransitions command;
  const auto* object = call->body.if_object();
  if (object != nullptr && !object->contains("transitions"))
    fields.fault("transitions", "required", "a list of {from, to}, or null to allow every move");
  if (const json::array* list = fields.array("transitions", settings::transitions_max)) {
    command.transitions.emplace();
    for (std::size_t i = 0; i < list->size(); ++i) {
      Fields one((*list)[i], "/transitions/" + std::to_string(i), faults);
      settings::Transition transition;
      transition.from = read_place(*seen.operator->(), one, "from");
      transition.to = read_place(*seen.operator->(), one, "to");
      one.finish();
      command.transitions->push_back(transition);
    }
  }
  fields.finish();
  if (!faults.empty()) return call->fail(faults);
  submit_words<SubStateId>(call, std::move(command), 200);
}

// ---- canned replies ----

template <bool anew> void define_canned_reply(const Call& call) {
  const Seen seen(call);
  if (!seen) return;
  define<settings::DefineCannedReply>(
      call, seen->canned_replies, anew,
      [](Fields& fields, std::vector<Fault>&, settings::CannedReply& reply) {
        if (const std::string language = fields.text("language", 40); !language.empty()) {
          reply.language = parse_language(language);
          if (reply.language == Language::und && language != "und")
            fields.fault("language", "unknown_language", "such as de, pt or zh-Hant; und for any");
        }
        if (fields.has("shortcut")) reply.shortcut = fields.text("shortcut", settings::shortcut_bytes_max);
        if (std::string text = fields.text("text", settings::canned_text_bytes_max, anew); !text.empty())
          reply.text = std::move(text);
      });
}

void canned_replies(const Call& call) {
  std::optional<Language> wanted;
  for (const auto& [name, value] : call->request.query) {
    if (name != "language")
      return call->fail({{"?" + name, "unknown_parameter", "nothing of that name is taken here"}});
    wanted = parse_language(value);
  }
  const auto directory = call->engine().directory();
  const WorkspaceState* workspace = call->workspace(*directory);
  if (workspace == nullptr)
    return call->fail(503, "unavailable", "the workspace is not there yet; try again soon");
  const auto& replies = workspace->settings.canned_replies;
  // Of each name the variant in the wanted language; else the one for any; else the first that was written.
  const auto fits = [&](const settings::CannedReply& reply) {
    if (!wanted || reply.language == *wanted) return true;
    const auto better = [&](const settings::CannedReply& other) {
      if (other.retired || other.name != reply.name) return false;
      if (other.language == *wanted) return true;
      if (reply.language == Language::und) return false;
      return other.language == Language::und || &other < &reply;
    };
    return std::ranges::none_of(replies, better);
  };
  json::array data;
  for (const settings::CannedReply& reply : replies)
    if (!reply.retired && fits(reply))
      data.push_back(json::object{{"id", to_text(reply.id)},
                                  {"name", reply.name},
                                  {"language", to_text(reply.language)},
                                  {"shortcut", reply.shortcut},
                                  {"text", reply.text}});
  call->answer(
      200, json::object{{"data", std::move(data)}, {"version", std::to_string(workspace->settings_version)}},
      {{"ETag", "\"" + std::to_string(workspace->settings_version) + "\""}});
}

}  // namespace

const std::vector<Route>& settings_routes() {
  static const std::vector<Route> routes{
      {"POST", "/v1/settings/types", define_type<true>, Needs::admin},
      {"POST", "/v1/settings/types/{id}", define_type<false>, Needs::admin},
      {"POST", "/v1/settings/fields", define_field<true>, Needs::admin},
      {"POST", "/v1/settings/fields/{id}", define_field<false>, Needs::admin},
      {"POST", "/v1/settings/sub-states", define_sub_state<true>, Needs::admin},
      {"POST", "/v1/settings/sub-states/{id}", define_sub_state<false>, Needs::admin},
      {"POST", "/v1/settings/transitions", change_transitions, Needs::admin},
      {"POST", "/v1/settings/canned-replies", define_canned_reply<true>, Needs::admin},
      {"POST", "/v1/settings/canned-replies/{id}", define_canned_reply<false>, Needs::admin},
      {"GET", "/v1/canned-replies", canned_replies, Needs::agent},
  };
  return routes;
}

}  // namespace parlance::http
