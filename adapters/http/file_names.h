#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Names and types of attached files, which strangers chose, on their way to a browser.
namespace parlance::http {

/// The name without folders, control characters, characters that turn the direction of reading round (which make "exe.gpj" of
/// "jpg.exe"), and surrounding blanks and dots; "file" where nothing is left. Well-formed UTF-8, at most 255 bytes with the ending
/// kept.
[[nodiscard]] std::string clean_file_name(std::string_view name);
/// "%C3%A9" to UTF-8; none where it is malformed or not UTF-8 without NUL.
[[nodiscard]] std::optional<std::string> percent_decoded(std::string_view text);
/// `attachment` or `inline` with the name, as RFC 6266 and RFC 8187 have it: a fallback in ASCII, and the name in UTF-8.
[[nodiscard]] std::string content_disposition(bool is_inline, std::string_view clean_name);
/// "Image/PNG; x=y" to "image/png"; none where it is no media type.
[[nodiscard]] std::optional<std::string> media_type(std::string_view text);
/// What a browser may be told: types that run nothing wherever they are opened; everything else is "application/octet-stream".
[[nodiscard]] std::string_view served_type(std::string_view type);
/// The type of an image by its first bytes, where it is one of the four that are shown: PNG, JPEG, GIF, WebP; else "".
[[nodiscard]] std::string_view shown_image_type(std::string_view first_bytes);

/// A single range of RFC 9110, section 14: its first byte and its length.
struct ByteRange {
  std::uint64_t from = 0;
  std::uint64_t length = 0;
};
enum class RangeAnswer : std::uint8_t { whole, part, unsatisfiable };
/// What is not understood, and several ranges, are answered with the whole.
[[nodiscard]] RangeAnswer read_range(std::string_view header, std::uint64_t size, ByteRange& out);

}  // namespace parlance::http
