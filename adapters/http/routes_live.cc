#include <algorithm>
#include <charconv>

#include "adapters/http/event_facts.h"
#include "adapters/http/exchange.h"
#include "adapters/http/feed.h"
#include "adapters/http/live_core.h"

/// The feed of events, and the door to live updates.
namespace parlance::http {
namespace {

constexpr std::size_t feed_limit_default = 50;
constexpr std::size_t feed_limit_max = 200;
constexpr std::size_t feed_records_max = 20'000;  ///< looked at for one page
constexpr std::size_t types_bytes_max = 2048;
constexpr std::string_view subprotocol = "parlance.v1";

bool read_types(const Call& call, std::vector<EventKind>& kinds) {
  const auto it = call->request.query.find("types");
  if (it == call->request.query.end()) return true;
  std::vector<Fault> faults;
  if (it->second.size() > types_bytes_max) {
    faults.push_back({"?types", "too_long", "at most 2048 bytes"});
  } else {
    std::string_view rest = it->second;
    do {
      const std::size_t end = std::min(rest.find(','), rest.size());
      const EventKind kind = kind_of_name(rest.substr(0, end));
      if (kind != 0)
        kinds.push_back(kind);
      else
        faults.push_back({"?types", "unknown_type",
                          "no event has the type \"" +
                              std::string(rest.substr(0, std::min<std::size_t>(end, 100))) +
                              "\"; one is conversation.opened"});
      rest.remove_prefix(std::min(end + 1, rest.size()));
    } while (!rest.empty() && faults.size() < 20);
  }
  if (!faults.empty()) {
    call->fail(faults);
    return false;
  }
  std::ranges::sort(kinds);
  kinds.erase(std::ranges::unique(kinds).begin(), kinds.end());
  return true;
}

std::optional<std::size_t> read_limit(const Call& call) {
  const auto it = call->request.query.find("limit");
  if (it == call->request.query.end()) return feed_limit_default;
  const std::string& text = it->second;
  std::size_t limit = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), limit);
  if (error == std::errc{} && end == text.data() + text.size() && limit >= 1 && limit <= feed_limit_max)
    return limit;
  call->fail({{"?limit", "not_in_range", "a whole number from 1 to 200"}});
  return std::nullopt;
}

/// Whether the caller of a request is still allowed in; keeps only what says who it is.
LiveCore::Still still(const Call& call) {
  HttpRequest credentials;
  for (const auto& [name, value] : call->request.headers)
    if (name == "authorization" || name == "cookie") credentials.headers.emplace_back(name, value);
  return [&access = call->context.access, credentials = std::move(credentials)] {
    return access.caller(credentials);
  };
}

void no_room(const Call& call) { call->fail(503, "overloaded", "too many live connections; try again soon"); }

void stream_events(const Call& call, FeedQuery query, std::optional<FeedPlace> from) {
  std::string_view reset;
  if (const std::string_view last = call->request.header("last-event-id"); !last.empty()) {
    auto place = call->context.feed->read_cursor(last);
    // A reader that reconnects by itself cannot answer an error: it is told to load everything anew.
    reset = place ? std::string_view() : place.error().rule;
    from = place ? std::optional(std::move(*place)) : std::nullopt;
  }
  if (!call->context.live->has_room()) return no_room(call);
  HttpResponse out;
  out.type = "text/event-stream";
  if (call->request.method == "HEAD") return call->respond(std::move(out));
  out.stream = call->context.live->follower(std::move(query), std::move(from), reset, still(call));
  call->respond(std::move(out));
}

/// Text/event-stream is wanted: named, and not refused by a weight of zero.
bool wants_stream(std::string_view accept) {
  const std::size_t at = accept.find("text/event-stream");
  if (at == std::string_view::npos) return false;
  const std::string_view rest = accept.substr(at);
  return !rest.substr(0, std::min(rest.find(','), rest.size())).ends_with(";q=0");
}

void events(const Call& call) {
  std::vector<Fault> faults;
  for (const auto& [name, value] : call->request.query)
    if (name != "after" && name != "types" && name != "limit")
      faults.push_back({"?" + name, "unknown_parameter", "nothing of that name is taken here"});
  if (!faults.empty()) return call->fail(faults);
  FeedQuery query;
  query.workspace = call->caller.workspace;
  if (!read_types(call, query.kinds)) return;
  const auto limit = read_limit(call);
  if (!limit) return;
  const Feed& feed = *call->context.feed;
  std::optional<FeedPlace> from = feed.start();
  if (const auto after = call->request.query.find("after"); after != call->request.query.end()) {
    from.reset();
    if (after->second != "end") {
      auto place = feed.read_cursor(after->second);
      if (!place) return call->fail({{"?after", std::string(place.error().rule), place.error().detail}});
      from = std::move(*place);
    }
  }
  if (wants_stream(call->request.header("accept")))
    return stream_events(call, std::move(query), std::move(from));

  when_visible(call, [call, query, limit, from] {
    const Feed& source = *call->context.feed;
    const Offsets until = source.reach({}).next;
    FeedPlace place = from.value_or(FeedPlace{until, 0, 0});
    json::array data;
    auto read = source.read(query, place, until, *limit, feed_records_max,
                            [&](const Feed::Item& item, const FeedPlace& behind) {
                              data.push_back(Feed::json_of(item, source.cursor(behind)));
                            });
    if (!read) return call->fail(read.error());
    // There is always a next: the feed has no end, and a page may be empty where nothing of these types was met.
    const std::string next = source.cursor(place);
    const bool more = !Feed::at_end(place, until);
    auto headers = position_headers(call);
    headers.emplace_back("Link", "</v1/events?after=" + next + ">; rel=\"next\"");
    call->answer(
        200,
        json::object{{"data", std::move(data)}, {"page", json::object{{"has_more", more}, {"next", next}}}},
        std::move(headers));
  });
}

bool offers(std::string_view protocols, std::string_view wanted) {
  while (!protocols.empty()) {
    const std::size_t end = std::min(protocols.find(','), protocols.size());
    std::string_view one = protocols.substr(0, end);
    while (!one.empty() && (one.front() == ' ' || one.front() == '\t')) one.remove_prefix(1);
    while (!one.empty() && (one.back() == ' ' || one.back() == '\t')) one.remove_suffix(1);
    if (one == wanted) return true;
    protocols.remove_prefix(std::min(end + 1, protocols.size()));
  }
  return false;
}

void live(const Call& call) {
  const HttpRequest& request = call->request;
  if (!request.query.empty())
    return call->fail(
        {{"?" + request.query.begin()->first, "unknown_parameter", "nothing of that name is taken here"}});
  if (request.method != "GET" || request.header("upgrade").empty()) {
    HttpResponse out =
        problem(426, "live.upgrade", "this is a WebSocket; open it with the protocol parlance.v1");
    out.headers.emplace_back("Upgrade", "websocket");
    return call->respond(std::move(out));
  }
  // A cookie comes along whoever opens the socket: then the page that does must be ours. No browser sends a bearer token.
  if (call->caller.by_cookie) {
    const std::string_view origin = request.header("origin");
    const std::size_t host = origin.find("://");
    if (host == std::string_view::npos || origin.substr(host + 3) != request.header("host"))
      return call->fail(403, "csrf", "a page's socket comes from our own origin");
  }
  if (!offers(request.header("sec-websocket-protocol"), subprotocol))
    return call->fail(400, "live.subprotocol", "offer the protocol parlance.v1");
  if (!call->context.live->has_room()) return no_room(call);
  HttpResponse out;
  out.status = 101;
  out.headers.emplace_back("Sec-WebSocket-Protocol", subprotocol);
  out.stream = call->context.live->client(call->caller, still(call));
  call->respond(std::move(out));
}

}  // namespace

const std::vector<Route>& live_routes() {
  static const std::vector<Route> routes{
      {"GET", "/v1/events", events},
      {"GET", "/v1/live", live},
  };
  return routes;
}

}  // namespace parlance::http
