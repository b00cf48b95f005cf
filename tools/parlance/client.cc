#include "tools/parlance/client.h"

#include <array>
#include <fstream>

#include <CLI/CLI.hpp>
#include <curl/curl.h>
#include <fmt/core.h>

#include "tools/parlance/output.h"

namespace parlance::tools {
namespace {

constexpr std::size_t answer_bytes_max = std::size_t{256} << 20;
constexpr long connect_seconds_max = 10;
constexpr long answer_seconds_max = 60;  // of a read
constexpr std::size_t token_bytes_max = 1000;
constexpr std::size_t json_depth_max = 64;

Done<std::string> first_line(const std::filesystem::path& path, std::string_view what) {
  std::ifstream in(path);
  std::string line;
  if (in) std::getline(in, line);
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
  if (line.empty() || line.size() > token_bytes_max)
    return Failure{Exit::not_found, fmt::format("{} holds no {}", path.string(), what)};
  return line;
}

bool on_this_machine(std::string_view url) {
  for (const std::string_view host : {"://127.", "://localhost", "://[::1]"})
    if (url.find(host) != std::string_view::npos) return true;
  return false;
}

/// curl's sink: appends, and refuses more than answer_bytes_max.
std::size_t take(char* bytes, std::size_t size, std::size_t count, void* into) {
  auto& text = *static_cast<std::string*>(into);
  if (text.size() + size * count > answer_bytes_max) return 0;
  text.append(bytes, size * count);
  return size * count;
}

std::string_view text_of(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  const auto* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string_view() : std::string_view(text->data(), text->size());
}

int exit_code_of(long status) {
  switch (status) {
    case 401:
    case 403: return Exit::not_allowed;
    case 404: return Exit::not_found;
    case 409:
    case 412:
    case 428: return Exit::conflict;
    case 408:
    case 429:
    case 502:
    case 503:
    case 504: return Exit::unreachable;
    default: return Exit::failed;
  }
}

/// What a problem (RFC 9457) says, every fault on a line of its own.
Failure failure_of(long status, const json::value& problem) {
  const json::object none;
  const json::object& body = problem.is_object() ? problem.get_object() : none;
  const std::string_view detail = text_of(body, "detail");
  std::string text = printable(detail.empty() ? text_of(body, "title") : detail) + " (" +
                     printable(text_of(body, "code")) + ", " + std::to_string(status) + ")";
  if (const auto* errors = body.if_contains("errors"); errors != nullptr && errors->is_array())
    for (const json::value& error : errors->get_array())
      if (const auto* fault = error.if_object())
        text += fmt::format("\n          {}: {} ({})", printable(text_of(*fault, "pointer")),
                            printable(text_of(*fault, "detail")), printable(text_of(*fault, "code")));
  return {exit_code_of(status), text};
}

}  // namespace

void add_server(CLI::App& command, ServerOptions& options, const std::string& data_help) {
  command.add_option("--server", options.server, "The server's address, such as http://127.0.0.1:8080")
      ->envname("PARLANCE_SERVER");
  command.add_option("--token-file", options.token_file, "A file with the token (default: DATA/admin.token)")
      ->envname("PARLANCE_TOKEN_FILE");
  command.add_option("--data", options.data, data_help);
  command.add_flag("--explain", options.explain, "Print each HTTP request to stderr");
}

struct Client::Impl {
  std::string server, token;
  bool explain = false;
  std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl{nullptr, curl_easy_cleanup};

  Done<json::value> send(const std::string& method, const std::string& path, const Query& query,
                         long seconds_max, const std::string& sent = "{}",
                         const std::vector<std::string>& more_headers = {}) {
    CURL* const c = curl.get();
    std::string url = server + path;
    for (const auto& [name, value] : query) {
      const std::unique_ptr<char, decltype(&curl_free)> escaped(
          curl_easy_escape(c, value.data(), static_cast<int>(value.size())), curl_free);
      url += (url.find('?') == std::string::npos ? "?" : "&") + name + "=" + escaped.get();
    }
    if (explain) fmt::print(stderr, "{} {}\n", method, url);
    std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(nullptr, curl_slist_free_all);
    for (const std::string& header :
         {"Authorization: Bearer " + token, std::string("Accept: application/json"),
          std::string("Content-Type: application/json"), std::string("Expect:")})
      headers.reset(curl_slist_append(headers.release(), header.c_str()));
    for (const std::string& header : more_headers)
      headers.reset(curl_slist_append(headers.release(), header.c_str()));
    std::string body;
    std::array<char, CURL_ERROR_SIZE> said{};
    curl_easy_reset(c);
    curl_easy_setopt(c, CURLOPT_URL, url.c_str());
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, connect_seconds_max);
    curl_easy_setopt(c, CURLOPT_TIMEOUT, seconds_max);
    curl_easy_setopt(c, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, said.data());
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, &body);
    if (on_this_machine(server)) curl_easy_setopt(c, CURLOPT_PROXY, "");
    if (method == "POST") {
      curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(sent.size()));
      curl_easy_setopt(c, CURLOPT_POSTFIELDS, sent.data());
    }
    if (const CURLcode code = curl_easy_perform(c); code != CURLE_OK)
      return Failure{Exit::unreachable,
                     fmt::format("{}: {}", server, said[0] != 0 ? said.data() : curl_easy_strerror(code))};
    long status = 0;
    curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
    const bool succeeded = status >= 200 && status < 300;
    json::error_code error;
    json::parse_options bounded;
    bounded.max_depth = json_depth_max;
    json::value value = json::parse(body, error, {}, bounded);
    if (error) return Failure{exit_code_of(status), fmt::format("{} answered {} without JSON", url, status)};
    if (!succeeded) return failure_of(status, value);
    return value;
  }
};

Client::Client(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Client::~Client() = default;
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;

Done<Client> Client::open(const ServerOptions& options) {
  static const CURLcode once = curl_global_init(CURL_GLOBAL_DEFAULT);
  auto impl = std::make_unique<Impl>();
  impl->explain = options.explain;
  impl->server = options.server;
  if (impl->server.empty()) {
    if (options.data.empty())
      return Failure{Exit::usage, "say which server: --server URL, or --data DIR of one on this machine"};
    auto address = first_line(options.data / "address", "address");
    if (!address)
      return Failure{Exit::unreachable,
                     fmt::format("no server runs on {}; `parlance serve --data {}` starts one",
                                 options.data.string(), options.data.string())};
    impl->server = *address;
  }
  while (impl->server.ends_with('/')) impl->server.pop_back();
  std::filesystem::path token_file = options.token_file;
  if (token_file.empty()) {
    if (options.data.empty())
      return Failure{Exit::usage,
                     "say whose token: --token-file FILE, or --data DIR for the administrator's"};
    token_file = options.data / "admin.token";
  }
  auto token = first_line(token_file, "token");
  if (!token) return token.error();
  impl->token = *token;
  if (once == CURLE_OK) impl->curl.reset(curl_easy_init());
  if (!impl->curl) return Failure{Exit::failed, "libcurl does not start"};
  return Client(std::move(impl));
}

Done<json::value> Client::get(const std::string& path, const Query& query) {
  return impl_->send("GET", path, query, answer_seconds_max);
}
Done<json::value> Client::post(const std::string& path, const json::value& body) {
  return post_text(path, json::serialize(body));
}
Done<json::value> Client::post_text(const std::string& path, const std::string& body,
                                    const std::vector<std::string>& headers) {
  return impl_->send("POST", path, {}, answer_seconds_max, body, headers);
}
Done<json::value> Client::post(const std::string& path) { return impl_->send("POST", path, {}, 0); }

}  // namespace parlance::tools
