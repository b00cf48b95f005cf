// Any bytes at all as what else stands in a request: a file's name and type, a range, a cursor, positions, a time zone, a day; and as
// a table's cell on the way out. The first byte says which.
#include <algorithm>

#include "adapters/http/csv.h"
#include "adapters/http/cursor.h"
#include "adapters/http/file_names.h"
#include "adapters/http/message.h"
#include "adapters/http/positions.h"
#include "adapters/http/zones.h"
#include "adapters/memory/memory_log.h"
#include "engine/base/assert.h"

using namespace parlance;
using namespace parlance::http;

namespace {

void check_file_name(std::string_view text) {
  const std::string clean = clean_file_name(text);
  PARLANCE_ASSERT(!clean.empty() && clean.size() <= 255 && is_utf8_text(clean), "a name is a short text");
  PARLANCE_ASSERT(clean_file_name(clean) == clean, "a clean name is clean");
  PARLANCE_ASSERT(clean.find_first_of("/\\\r\n\t") == std::string::npos, "a name has no folder and no line");
  const std::string disposition = content_disposition(false, clean);
  PARLANCE_ASSERT(std::ranges::all_of(disposition, [](char c) { return c >= ' ' && c <= '~'; }),
                  "a header is one line of ASCII");
  constexpr std::string_view coded = "filename*=UTF-8''";
  if (const std::size_t at = disposition.rfind(coded); at != std::string::npos)
    PARLANCE_ASSERT(percent_decoded(std::string_view(disposition).substr(at + coded.size())) == clean,
                    "the name in UTF-8 is the name");
  if (const auto decoded = percent_decoded(text))
    PARLANCE_ASSERT(decoded->size() <= text.size() && decoded->find('\0') == std::string::npos,
                    "decoding never grows, and never gives a NUL");
  if (const auto type = media_type(text)) {
    PARLANCE_ASSERT(media_type(*type) == *type, "a media type reads as itself");
    (void)served_type(*type);
  }
  (void)shown_image_type(text);
}

void check_range(std::string_view text) {
  if (text.empty()) return;
  const std::uint64_t size = static_cast<std::uint8_t>(text[0]) * 1'000ULL;
  ByteRange range;
  if (read_range(text.substr(1), size, range) != RangeAnswer::part) return;
  PARLANCE_ASSERT(range.length > 0 && range.from < size && range.length <= size - range.from,
                  "a part lies within the whole");
}

void check_cursor(std::string_view text) {
  const Key key{4, 5, 6};
  PARLANCE_ASSERT(!read_cursor(key, "about", text), "nobody makes up a cursor");
  const Bytes place(text.begin(), text.end());
  const std::string cursor = make_cursor(key, "about", place);
  const auto read = read_cursor(key, "about", cursor);
  // A longer one than any that is made is refused before it is looked at.
  PARLANCE_ASSERT(read ? *read == place : place.size() > 200, "a cursor gives back its place");
}

void check_positions(std::string_view text) {
  static const MemoryLog log(
      std::make_shared<MemoryLogStorage>(MemoryLogOptions{.id = LogId::from({1, 1}), .partitions = 4}));
  const auto positions = read_positions(log, text);
  if (!positions) return;
  PARLANCE_ASSERT(positions->size() <= 64, "positions are few");
  std::string again;
  for (const Position& position : *positions) again += (again.empty() ? "" : ",") + to_text(position);
  const auto read = read_positions(log, again);
  PARLANCE_ASSERT(read && *read == *positions, "positions survive writing and reading");
}

void check_zone(std::string_view text) {
  const std::size_t split = std::min(text.find('\n'), text.size());
  const auto zone = Zone::find(text.substr(0, split));
  if (!zone) {
    PARLANCE_ASSERT(zone.error().rule.starts_with("time_zone."), "a refusal has its rule");
    return;
  }
  const auto from = zone->parse(text.substr(std::min(split + 1, text.size())));
  if (!from) return;
  const Instant to{from->ms + 40LL * 86'400'000};
  for (const auto& times : {zone->days(*from, to), zone->hours(*from, to)}) {
    if (!times) continue;
    PARLANCE_ASSERT(!times->empty() && std::ranges::is_sorted(*times, {}, &LocalTime::start),
                    "local times follow one another");
  }
}

/// What a reader of RFC 4180 makes of one record.
std::vector<std::string> cells_of(std::string_view record) {
  std::vector<std::string> out(1);
  bool quoted = false;
  PARLANCE_ASSERT(record.ends_with("\r\n"), "a record ends");
  record.remove_suffix(2);
  for (std::size_t i = 0; i < record.size(); ++i) {
    const char c = record[i];
    if (quoted) {
      if (c != '"') {
        out.back().push_back(c);
      } else if (i + 1 < record.size() && record[i + 1] == '"') {
        out.back().push_back(record[++i]);
      } else {
        quoted = false;
      }
    } else if (c == '"') {
      PARLANCE_ASSERT(out.back().empty(), "a quote begins a cell");
      quoted = true;
    } else if (c == ',') {
      out.emplace_back();
    } else {
      PARLANCE_ASSERT(c != '\r' && c != '\n', "a line break stands in quotes");
      out.back().push_back(c);
    }
  }
  PARLANCE_ASSERT(!quoted, "a quote ends");
  return out;
}

void check_csv(std::string_view text) {
  const std::size_t split = std::min(text.find('\0'), text.size());
  const std::vector<std::string_view> wanted{text.substr(0, split),
                                             text.substr(std::min(split + 1, text.size()))};
  const auto cells = cells_of(csv_record({csv_text(wanted[0]), csv_text(wanted[1])}));
  PARLANCE_ASSERT(cells.size() == 2, "as many cells as were given");
  for (std::size_t i = 0; i < 2; ++i) {
    PARLANCE_ASSERT(cells[i] == wanted[i] || cells[i] == "'" + std::string(wanted[i]),
                    "a cell says what was given, behind an apostrophe at most");
    const std::size_t first = cells[i].find_first_not_of(" \t\r\n\v\f");
    PARLANCE_ASSERT(first == std::string::npos ||
                        std::string_view("=+-@").find(cells[i][first]) == std::string_view::npos,
                    "a cell is no formula");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 6) {
    case 0: check_file_name(text); break;
    case 1: check_range(text); break;
    case 2: check_cursor(text); break;
    case 3: check_positions(text); break;
    case 4: check_zone(text); break;
    case 5: check_csv(text); break;
  }
  return 0;
}
