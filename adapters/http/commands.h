#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "adapters/http/exchange.h"

/// What the routes that change something share: from a read body to a submitted command and its answer.
namespace parlance::http {

inline constexpr std::size_t short_text_max = 1000;

/// When it happened at the source: now, unless the body says so and the caller may.
[[nodiscard]] Instant occurred(const Call& call, Fields& fields);

/// A command that the caller may repeat under its Idempotency-Key. `scope` is within which the key is unique.
[[nodiscard]] Request request_for(const Call& call, Slot slot, std::string_view scope, Action action);

/// Adds to the answer's body.
using Describe = std::function<void(const Outcome&, json::object&)>;
/// Submits it, with the request's If-Match, and answers with what became of it.
void submit(const Call& call, Request request, unsigned created_status, Describe describe);

template <class Command>
void submit_on(const Call& call, ConversationId id, Command command, unsigned status = 200) {
  submit(call, request_for(call, id.slot(), call->request.path, OnConversation{id, std::move(command)}),
         status, [id](const Outcome& outcome, json::object& body) {
           body["id"] = outcome.message ? to_text(*outcome.message) : to_text(id);
         });
}

/// False, and 428 answered, where the request says nothing of what its sender saw of `what`.
[[nodiscard]] bool has_if_match(const Call& call, std::string_view what);

/// An id in the body, none where it is missing; a fault where it is malformed.
template <class AnId> [[nodiscard]] AnId read_id(Fields& fields, std::string_view name) {
  const std::string text = fields.text(name, 40);
  if (text.empty()) return {};
  const auto parsed = parse_id<AnId>(text);
  if (parsed && *parsed) return *parsed;
  fields.fault(name, parsed ? "id.malformed" : parsed.error().rule,
               parsed ? "an id of nothing" : std::string_view(parsed.error().detail));
  return {};
}

/// A word of the workspace's settings by its id or, while it is in use, its name; the zero id and a fault where there is none.
template <class Word>
[[nodiscard]] auto find_word(const std::vector<Word>& words, std::string_view text, Fields& fields,
                             std::string_view name, std::string_view rule) {
  using AnId = decltype(Word::id);
  if (const auto id = parse_id<AnId>(text))
    for (const Word& word : words)
      if (word.id == *id) return word.id;
  for (const Word& word : words)
    if (!word.retired && word.name == text) return word.id;
  fields.fault(name, rule, "the name or id of one that the settings have");
  return AnId{};
}

/// The id of what was added.
template <class AnId> [[nodiscard]] Describe made() {
  return [](const Outcome& outcome, json::object& body) { body["id"] = to_text(AnId::from(outcome.made)); };
}

}  // namespace parlance::http
