#include "tools/parlance/client.h"

#include <array>
#include <fstream>

#include <CLI/CLI.hpp>
#include <curl/curl.h>
#include <fmt/core.h>

#include "adapters/embedded/embedded_log.h"
#include "tools/parlance/output.h"
#include "tools/parlance/stopped_folder.h"

namespace parlance::tools {
namespace {

constexpr std::size_t answer_bytes_max = std::size_t{256} << 20;
constexpr long connect_seconds_max = 10;
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

/// Server-sent events, line by line as they come.
struct Stream {
  const std::function<bool(const std::string&, const std::string&)>& event;
  std::string line, id, data;
  std::string refused;  ///< the body of an answer that is no stream
  bool is_stream = false, ended = false;

  bool take_line() {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.empty()) {
      const bool goes_on = data.empty() || event(id, data);
      data.clear();
      ended = !goes_on;
      return goes_on;
    }
    const std::size_t colon = line.find(':');
    if (colon == 0) return true;  // a comment: the heartbeat
    const std::string_view name = std::string_view(line).substr(0, colon);
    std::string_view value =
        colon == std::string::npos ? std::string_view() : std::string_view(line).substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    if (name == "id") id = value;
    if (name == "data") data += (data.empty() ? "" : "\n") + std::string(value);
    return true;
  }
};
constexpr std::size_t stream_line_max = std::size_t{4} << 20;

std::size_t take_stream(char* bytes, std::size_t size, std::size_t count, void* into) {
  auto& stream = *static_cast<Stream*>(into);
  const std::string_view text(bytes, size * count);
  if (!stream.is_stream) {
    if (stream.refused.size() + text.size() > stream_line_max) return 0;
    stream.refused += text;
    return text.size();
  }
  for (const char c : text) {
    if (c != '\n') {
      if (stream.line.size() == stream_line_max) return 0;
      stream.line += c;
      continue;
    }
    if (!stream.take_line()) return 0;
    stream.line.clear();
  }
  return text.size();
}

/// Sees the type before the body comes.
std::size_t take_header(char* bytes, std::size_t size, std::size_t count, void* into) {
  std::string line(bytes, size * count);
  for (char& c : line) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  if (line.starts_with("content-type:") && line.find("text/event-stream") != std::string::npos)
    static_cast<Stream*>(into)->is_stream = true;
  return size * count;
}

/// Percent-encoded for a query.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.' || c == '~';
    if (plain)
      out += c;
    else
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

std::string target_of(const std::string& path, const Query& query) {
  std::string target = path;
  for (const auto& [name, value] : query)
    target += (target.find('?') == std::string::npos ? "?" : "&") + escaped(name) + "=" + escaped(value);
  return target;
}

Done<json::value> parsed(const std::string& who, long status, const std::string& body) {
  json::error_code error;
  json::parse_options bounded;
  bounded.max_depth = json_depth_max;
  json::value value = json::parse(body, error, {}, bounded);
  if (error) return Failure{exit_code_of(status), fmt::format("{} answered {} without JSON", who, status)};
  if (status < 200 || status >= 300) return failure_of(status, value);
  return value;
}

}  // namespace

void add_server(CLI::App& command, ServerOptions& options, const std::string& data_help, Answers answers) {
  command.add_option("--server", options.server, "The server's address, such as http://127.0.0.1:8080")
      ->envname("PARLANCE_SERVER");
  command.add_option("--token-file", options.token_file, "A file with the token (default: DATA/admin.token)")
      ->envname("PARLANCE_TOKEN_FILE");
  command.add_option("--data", options.data, data_help);
  if (answers == Answers::folder_too)
    command.add_option("--keys", options.keys, "The keyring of a stopped folder (default: DATA/keys)");
  command.add_flag("--explain", options.explain, "Print each HTTP request to stderr");
}

Done<bool> in_use(const std::filesystem::path& data) {
  const auto locked = embedded_log_in_use(data / "log");
  if (!locked) return failure(locked.error());
  return Done<bool>(boost::system::in_place_value, *locked);
}

struct Client::Impl {
  std::string server, token;
  bool explain = false;
  std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl{nullptr, curl_easy_cleanup};
  std::unique_ptr<StoppedFolder> folder;  ///< instead of the server
  long read_seconds_max = 0;

  struct Answered {
    long status = 0;
    std::string body;
  };

  /// Everything but where the answer goes.
  std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> prepare(const std::string& url,
                                                                      long seconds_max,
                                                                      const std::string& accept,
                                                                      char* said) const {
    CURL* const c = curl.get();
    std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(nullptr, curl_slist_free_all);
    for (const std::string& header : {"Authorization: Bearer " + token, "Accept: " + accept,
                                      std::string("Content-Type: application/json")})
      headers.reset(curl_slist_append(headers.release(), header.c_str()));
    curl_easy_reset(c);
    curl_easy_setopt(c, CURLOPT_URL, url.c_str());
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, connect_seconds_max);
    curl_easy_setopt(c, CURLOPT_TIMEOUT, seconds_max);
    curl_easy_setopt(c, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, said);
    if (on_this_machine(server)) curl_easy_setopt(c, CURLOPT_PROXY, "");
    return headers;
  }

  Done<Answered> send(const std::string& target, long seconds_max, const std::string& accept,
                      const json::object* post) {
    const std::string method = post == nullptr ? "GET" : "POST";
    if (explain) fmt::print(stderr, "{} {}{}\n", method, server, target);
    if (folder) {
      http::HttpResponse response = folder->get(target);
      return Answered{static_cast<long>(response.status),
                      response.fixed.empty() ? std::move(response.body) : std::string(response.fixed)};
    }
    CURL* const c = curl.get();
    Answered answered;
    std::array<char, CURL_ERROR_SIZE> said{};
    const std::string url = server + target;
    auto headers = prepare(url, seconds_max, accept, said.data());
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, &answered.body);
    if (post != nullptr) {
      const std::string body = json::serialize(*post);
      curl_easy_setopt(c, CURLOPT_COPYPOSTFIELDS, body.c_str());
      headers.reset(curl_slist_append(headers.release(), "Parlance-Request: command-line"));
    }
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers.get());
    if (const CURLcode code = curl_easy_perform(c); code != CURLE_OK)
      return Failure{Exit::unreachable,
                     fmt::format("{}: {}", server, said[0] != 0 ? said.data() : curl_easy_strerror(code))};
    curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &answered.status);
    return answered;
  }
};

Client::Client(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Client::~Client() = default;
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;

Done<Client> Client::open(const ServerOptions& options, Answers answers) {
  static const CURLcode once = curl_global_init(CURL_GLOBAL_DEFAULT);
  auto impl = std::make_unique<Impl>();
  impl->explain = options.explain;
  impl->server = options.server;
  if (impl->server.empty()) {
    const std::string data = options.data.string();
    if (data.empty())
      return Failure{Exit::usage, "say which server: --server URL, or --data DIR of one on this machine"};
    const auto used = in_use(options.data);
    if (!used) return used.error();
    std::error_code ignored;
    const bool has_address = std::filesystem::exists(options.data / "address", ignored);
    if (*used && !has_address)
      return Failure{Exit::unreachable,
                     fmt::format("{} is in use, but not by a server that answers yet: it is starting, or "
                                 "another command has the folder open; try again",
                                 data)};
    if (!*used && answers == Answers::server)
      return Failure{
          Exit::unreachable,
          fmt::format("no server runs on {}{}; `parlance serve --data {}` starts one", data,
                      has_address ? " (its address file is left from one that was killed)" : "", data)};
    if (!*used) {
      if (has_address)
        fmt::print(stderr,
                   "note: {}/address is left from a server that was killed; the stopped folder answers\n",
                   data);
      auto folder = StoppedFolder::open(options.data, options.keys, options.quiet);
      if (!folder) return failure(folder.error());
      impl->folder = std::move(*folder);
      return Client(std::move(impl));
    }
    auto address = first_line(options.data / "address", "address");
    if (!address) return address.error();
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
  impl->read_seconds_max = options.seconds_max;
  if (once == CURLE_OK) impl->curl.reset(curl_easy_init());
  if (!impl->curl) return Failure{Exit::failed, "libcurl does not start"};
  return Client(std::move(impl));
}

Done<json::value> Client::get(const std::string& path, const Query& query) {
  const auto answered =
      impl_->send(target_of(path, query), impl_->read_seconds_max, "application/json", nullptr);
  if (!answered) return answered.error();
  return parsed(impl_->server + path, answered->status, answered->body);
}

Done<std::string> Client::get_text(const std::string& path, const Query& query, const std::string& accept) {
  auto answered = impl_->send(target_of(path, query), impl_->read_seconds_max, accept, nullptr);
  if (!answered) return answered.error();
  if (answered->status >= 200 && answered->status < 300) return std::move(answered->body);
  const auto problem = parsed(impl_->server + path, answered->status, answered->body);
  return problem.has_error() ? problem.error() : Failure{Exit::failed, "no answer"};
}

Done<json::value> Client::post(const std::string& path, const json::object& body) {
  const auto answered = impl_->send(path, 0, "application/json", &body);
  if (!answered) return answered.error();
  return parsed(impl_->server + path, answered->status, answered->body);
}

Done<json::value> Client::post_text(const std::string& path, const std::string& body,
                                    const std::vector<std::string>& headers) {
  CURL* const c = impl_->curl.get();
  const std::string url = impl_->server + path;
  if (impl_->explain) fmt::print(stderr, "POST {}\n", url);
  std::array<char, CURL_ERROR_SIZE> said{};
  auto all = impl_->prepare(url, impl_->read_seconds_max, "application/json", said.data());
  for (const std::string& header : headers) all.reset(curl_slist_append(all.release(), header.c_str()));
  all.reset(curl_slist_append(all.release(), "Expect:"));  // without waiting for a go-ahead
  std::string answered;
  curl_easy_setopt(c, CURLOPT_HTTPHEADER, all.get());
  curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take);
  curl_easy_setopt(c, CURLOPT_WRITEDATA, &answered);
  curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  curl_easy_setopt(c, CURLOPT_POSTFIELDS, body.data());
  if (const CURLcode code = curl_easy_perform(c); code != CURLE_OK)
    return Failure{Exit::unreachable, fmt::format("{}: {}", impl_->server,
                                                  said[0] != 0 ? said.data() : curl_easy_strerror(code))};
  long status = 0;
  curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
  return parsed(url, status, answered);
}

Done<void> Client::follow(const std::string& path, const Query& query, const std::string& after,
                          const std::function<bool(const std::string&, const std::string&)>& event) {
  const std::string url = impl_->server + target_of(path, query);
  if (impl_->explain) fmt::print(stderr, "GET {}\n", url);
  CURL* const c = impl_->curl.get();
  std::array<char, CURL_ERROR_SIZE> said{};
  auto headers = impl_->prepare(url, 0, "text/event-stream", said.data());
  if (!after.empty())
    headers.reset(curl_slist_append(headers.release(), ("Last-Event-ID: " + after).c_str()));
  Stream stream{.event = event, .id = after};
  curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, take_header);
  curl_easy_setopt(c, CURLOPT_HEADERDATA, &stream);
  curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_stream);
  curl_easy_setopt(c, CURLOPT_WRITEDATA, &stream);
  const CURLcode code = curl_easy_perform(c);
  if (stream.ended) return {};
  long status = 0;
  curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
  if (status != 0 && !stream.is_stream) {
    const auto problem = parsed(url, status, stream.refused);
    if (!problem) return problem.error();
    return Failure{Exit::failed, url + " is no stream of events"};
  }
  return Failure{Exit::unreachable, fmt::format("{}: {}", impl_->server,
                                                said[0] != 0       ? said.data()
                                                : code == CURLE_OK ? "the stream ended"
                                                                   : curl_easy_strerror(code))};
}

}  // namespace parlance::tools
