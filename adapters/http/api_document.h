#pragma once
#include <string_view>
#include <vector>

/// What the API consists of, for whoever describes it or holds its description to it.
namespace parlance::http {

/// The document in OpenAPI 3.1, as it is served: JSON, or YAML. Lives as long as the program.
[[nodiscard]] std::string_view api_document(bool yaml);

struct RouteLine {
  std::string_view method;  ///< "POST"
  std::string_view path;    ///< "/v1/conversations/{id}/reply"
  /// The scopes of which a token needs one, besides `admin`, such as "ingest,import"; "token" where any will do, "nothing" without one.
  std::string_view needs;
};
/// The table of routes that requests are looked up in.
[[nodiscard]] std::vector<RouteLine> route_lines();

}  // namespace parlance::http
