#pragma once
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "adapters/http/exchange.h"
#include "projections/views.h"

/// What the routes that answer lists share. Inside adapters/http only.
namespace parlance::http {

inline constexpr std::size_t limit_default = 50;

[[nodiscard]] std::optional<std::string> query(const Call& call, const char* name);
/// Answers 422 where a parameter is not one of this route's: a misspelt filter must not show everything.
[[nodiscard]] bool knows_all(const Call& call, std::initializer_list<std::string_view> known);
/// ?limit=, or an answered 422.
[[nodiscard]] std::optional<std::size_t> read_limit(const Call& call);
[[nodiscard]] std::optional<Sort> parse_sort(std::string_view text);
[[nodiscard]] std::string_view to_text(Sort sort);

[[nodiscard]] const Key& cursor_key(const Call& call);
[[nodiscard]] json::object page_json(const std::optional<std::string>& next);

/// The parameters of a list of conversations besides `q`; false: answered.
[[nodiscard]] bool read_list(const Call& call, ListQuery& list);
/// A cursor is of one list: of everything that filters and orders it, and of who asks.
[[nodiscard]] std::string about_list(const Call& call);
/// Answers a page of the list that `about` describes, from the cursor `after` on.
void answer_list(const Call& call, ListQuery list, const std::string& about,
                 const std::optional<std::string>& after);
/// Reads `q` into the list, waits until the views show what the request asks to see, and answers the page.
void answer_filtered_list(const Call& call, ListQuery list);

}  // namespace parlance::http
