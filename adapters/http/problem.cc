#include "adapters/http/problem.h"

#include <array>
#include <sodium.h>

#include "adapters/http/json.h"
#include "engine/base/hash.h"

namespace parlance::http {
namespace {

std::string_view title_of(unsigned status) {
  switch (status) {
    case 400: return "The request is malformed";
    case 401: return "Sign in first";
    case 403: return "Not allowed";
    case 404: return "Not found";
    case 405: return "This route does not take that method";
    case 406: return "Only JSON is answered here";
    case 408: return "The request took too long";
    case 409: return "Refused by a rule";
    case 410: return "Erased";
    case 411: return "A length is needed";
    case 412: return "Changed meanwhile";
    case 413: return "The body is too large";
    case 414: return "The address is too long";
    case 415: return "Only application/json is taken here";
    case 416: return "There is no such part";
    case 422: return "Well-formed, but wrong";
    case 426: return "A WebSocket is spoken here";
    case 428: return "Say which version you saw";
    case 429: return "Too many requests";
    case 431: return "The header is too large";
    case 501: return "Not implemented";
    case 507: return "No room";
    case 503: return "Not available now";
    default: return "Something went wrong here";
  }
}

std::string trace_id() {
  std::array<std::uint8_t, 8> random;
  randombytes_buf(random.data(), random.size());
  return to_hex(random);
}

}  // namespace

HttpResponse problem(unsigned status, std::string_view code, std::string_view detail,
                     const std::vector<Fault>& faults) {
  const std::string trace = trace_id();
  json::object body{{"type", "https://parlance.example/problems/" + std::string(code)},
                    {"title", title_of(status)},
                    {"status", status},
                    {"detail", detail},
                    {"instance", "urn:trace:" + trace},
                    {"code", code},
                    {"trace_id", trace}};
  json::array errors;
  for (const Fault& fault : faults) {
    json::object one{{"pointer", fault.pointer}, {"code", fault.code}, {"detail", fault.detail}};
    if (fault.offset) one["offset"] = *fault.offset;
    errors.push_back(std::move(one));
  }
  body["errors"] = std::move(errors);
  HttpResponse out;
  out.status = status;
  out.type = "application/problem+json";
  out.body = json::serialize(body);
  out.code = code;
  out.trace = trace;
  if (status == 503 || status == 429) out.headers.emplace_back("Retry-After", "1");
  return out;
}

HttpResponse problem(const Error& error) {
  switch (error.code) {
    case Errc::refused: return problem(409, error.rule, error.detail);
    case Errc::invalid: return problem(error.rule == "json.malformed" ? 400 : 422, error.rule, error.detail);
    case Errc::not_found: return problem(404, error.rule, error.detail);
    case Errc::version_conflict: return problem(412, error.rule, "the stream is at version " + error.detail);
    case Errc::overloaded: return problem(503, "overloaded", error.detail);
    case Errc::read_only: return problem(503, "read_only", error.detail);
    case Errc::unavailable:
    case Errc::locked: return problem(503, "unavailable", error.detail);
    case Errc::corrupt:
      // A whole store is made again by itself, or waits for its backup; one thing alone that is lost is not coming back.
      if (error.rule.starts_with("log.") || error.rule.starts_with("rows."))
        return problem(503, error.rule, error.detail);
      break;
    case Errc::newer:
    case Errc::loss: break;
  }
  return problem(500, error.rule, error.detail);
}

}  // namespace parlance::http
