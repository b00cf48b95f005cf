#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>

/// HTML mail, made harmless: parsed as HTML5 and written anew from what is on a list, never filtered as text.
namespace parlance::http {

inline constexpr std::size_t html_depth_max =
    100;  ///< elements deeper than this lose their tags, not their text
inline constexpr std::size_t sanitised_bytes_max = 4U << 20;

/// The image that a text names "cid:...", as a "data:" URL of an image; none where there is none.
using FindImage = std::function<std::optional<std::string>(std::string_view content_id)>;

/// The inside of a body: elements, attributes, URL schemes and style properties from the lists in html_sanitise.cc alone. Links lead to
/// http, https and mailto, in a new tab, without a referrer. Images come from the mail itself; others lose their address and get
/// data-blocked="remote" or "missing". Nothing in it runs, loads or asks.
///
/// Sanitising the result again gives the same bytes: a text that would read differently the second time is shown as plain text
/// instead, as is one that is too large or too deep to parse. Not for one that has_too_many_tags().
[[nodiscard]] std::string sanitise_html(std::string_view html, const FindImage& find_image = {});

/// A whole document around a sanitised body.
[[nodiscard]] std::string html_document(std::string_view sanitised);

/// What must stand in the headers beside it.
inline constexpr std::string_view html_document_policy =
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";

}  // namespace parlance::http
