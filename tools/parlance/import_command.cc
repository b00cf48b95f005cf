#include <csignal>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "tools/parlance/commands.h"
#include "tools/parlance/import_map.h"
#include "tools/parlance/importer.h"
#include "tools/parlance/output.h"
#include "tools/parlance/scratch_folder.h"

/// `parlance import`: a history brought in from files.
namespace parlance::tools {
namespace {

struct ImportOptions {
  ServerOptions server;
  ImportSettings import;
  std::filesystem::path map;
  std::string name;
  bool dry_run = false;
  Output output;
};

std::atomic<bool> stop_asked{false};
extern "C" void ask_to_stop(int) { stop_asked = true; }

std::string default_name(const std::vector<std::filesystem::path>& files) {
  std::string out;
  for (const auto& file : files) out += (out.empty() ? "" : " ") + file.filename().string();
  return out.substr(0, 900);
}

/// Two names may mean one, and the node has a first queue and agent of its own.
Done<void> add(Node& node, Action action) {
  Request request;
  request.workspace = node.workspace();
  request.slot = request.workspace.slot();
  request.actor = {ActorKind::system, {}};
  request.action = std::move(action);
  const auto done = node.submit(std::move(request));
  if (!done && done.error().code != Errc::refused) return failure(done.error());
  return {};
}

/// People, queues, tags and promises of the server's desk.
Done<void> copy_desk(Client& server, Node& node) {
  const auto rows_of = [](const json::value& body, std::string_view list) {
    const auto* rows = body.is_object()
                           ? body.get_object().if_contains(json::string_view(list.data(), list.size()))
                           : nullptr;
    return rows != nullptr && rows->is_array() ? rows->get_array() : json::array();
  };
  const auto text_of = [](const json::value& row, std::string_view name) {
    const auto* value =
        row.is_object() ? row.get_object().if_contains(json::string_view(name.data(), name.size())) : nullptr;
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
  };
  auto agents = server.get("/v1/agents");
  if (!agents) return agents.error();
  for (const json::value& row : rows_of(*agents, "data"))
    if (const auto id = parse_id<AgentId>(text_of(row, "id")))
      if (auto added =
              add(node, OnDesk{desk::AddAgent{.id = *id,
                                              .role = parse_role(text_of(row, "role")).value_or(Role::agent),
                                              .profile = {text_of(row, "name"), ""}}});
          !added)
        return added;
  auto queues = server.get("/v1/queues");
  if (!queues) return queues.error();
  for (const json::value& row : rows_of(*queues, "data"))
    if (const auto id = parse_id<QueueId>(text_of(row, "id")))
      if (auto added = add(node, OnDesk{desk::AddQueue{.id = *id, .name = text_of(row, "name")}}); !added)
        return added;
  auto settings = server.get("/v1/settings");
  if (!settings) return settings.error();
  for (const json::value& row : rows_of(*settings, "tags"))
    if (const auto id = parse_id<TagId>(text_of(row, "id")))
      if (auto added = add(node, OnSettings{settings::AddTag{.id = *id, .name = text_of(row, "name")}});
          !added)
        return added;
  const auto ms_of = [&](std::string_view name) -> std::optional<std::int64_t> {
    const auto* value = settings->is_object()
                            ? settings->get_object().if_contains(json::string_view(name.data(), name.size()))
                            : nullptr;
    if (value == nullptr || !value->is_number()) return std::nullopt;
    json::error_code error;
    const auto seconds = value->to_number<std::int64_t>(error);
    return error ? std::nullopt : std::optional(seconds * 1000);
  };
  settings::Policy policy;
  policy.first_response_ms = ms_of("first_response_seconds");
  policy.auto_close_ms = ms_of("auto_close_seconds");
  policy.reopen_window_ms = ms_of("reopen_window_seconds").value_or(policy.reopen_window_ms);
  return add(node, OnSettings{settings::ChangePolicy{policy}});
}

/// A node of its own with a desk like the one that is asked, or that the ids of `names` mean, so that a dry run meets what the real one
/// would.
Done<std::unique_ptr<Node>> scratch_node(const ScratchFolder& folder, Client* server,
                                         const std::map<std::string, std::string>& names) {
  ServeOptions options;
  options.journal.level = JournalLevel::error;  // what goes wrong with a command it says itself
  options.data = folder.path() / "data";
  auto node = Node::open(options);
  if (!node) return failure(node.error());
  if (server != nullptr)
    if (auto copied = copy_desk(*server, **node); !copied) return copied.error();
  for (const auto& [name, id] : names) {
    Done<void> added;
    if (const auto agent = parse_id<AgentId>(id))
      added = add(**node, OnDesk{desk::AddAgent{.id = *agent, .role = Role::agent, .profile = {name, ""}}});
    else if (const auto queue = parse_id<QueueId>(id))
      added = add(**node, OnDesk{desk::AddQueue{.id = *queue, .name = name}});
    else if (const auto tag = parse_id<TagId>(id))
      added = add(**node, OnSettings{settings::AddTag{.id = *tag, .name = name}});
    if (!added) return added.error();
  }
  return std::move(*node);
}

std::string counted(std::uint64_t n) {
  std::string out = std::to_string(n);
  for (std::size_t at = out.size(); at > 3; at -= 3) out.insert(at - 3, ",");
  return out;
}

void print_for_people(const ImportSummary& s, bool dry_run) {
  const double rate = s.seconds > 0 ? static_cast<double>(s.lines) / s.seconds : 0;
  fmt::print("{} lines in {:.1f} s ({:.0f}/s)", counted(s.lines), s.seconds, rate);
  if (s.first) fmt::print(", of {} to {}", to_day(*s.first), to_day(*s.last));
  fmt::print("{}\n", dry_run ? "; a dry run: nothing was written" : "");
  fmt::print("  {:>12}  taken; {} conversations begin\n", counted(s.taken), counted(s.opened));
  if (s.unchanged > 0) fmt::print("  {:>12}  change nothing: it was so already\n", counted(s.unchanged));
  if (s.replayed > 0) fmt::print("  {:>12}  were there before\n", counted(s.replayed));
  if (s.out_of_order > 0)
    fmt::print("  {:>12}  are dated before an earlier line about the same\n", counted(s.out_of_order));
  if (s.rejected > 0) fmt::print("  {:>12}  not taken:\n", counted(s.rejected));
  for (const auto& [code, rejects] : s.rejects) {
    std::string places;
    for (const std::string& place : rejects.first) places += (places.empty() ? "" : ", ") + place;
    fmt::print("  {:>16}  {}: {}{}\n", counted(rejects.lines), printable(code), printable(places),
               rejects.lines > rejects.first.size() ? ", ..." : "");
  }
}

void print_for_programs(const ImportSummary& s, bool dry_run) {
  json::array rejects;
  for (const auto& [code, same] : s.rejects)
    rejects.push_back(json::object{
        {"code", code}, {"lines", same.lines}, {"first", json::array(same.first.begin(), same.first.end())}});
  const auto time = [](const std::optional<Instant>& at) {
    return at ? json::value(to_rfc3339(*at)) : json::value(nullptr);
  };
  fmt::print("{}\n", json::serialize(json::object{{"lines", s.lines},
                                                  {"taken", s.taken},
                                                  {"conversations", s.opened},
                                                  {"unchanged", s.unchanged},
                                                  {"there_before", s.replayed},
                                                  {"out_of_order", s.out_of_order},
                                                  {"not_taken", s.rejected},
                                                  {"rejects", std::move(rejects)},
                                                  {"from", time(s.first)},
                                                  {"to", time(s.last)},
                                                  {"whole", s.whole},
                                                  {"dry_run", dry_run},
                                                  {"seconds", s.seconds}}));
}

Done<void> import_with(const ImportOptions& options, ImportSummary& summary) {
  auto names = read_import_map(options.map);
  if (!names) return names.error();
  ImportSettings settings = options.import;
  settings.names = std::move(*names);
  settings.quiet = options.output.quiet;
  settings.stop = &stop_asked;
  const std::string name = options.name.empty() ? default_name(settings.files) : options.name;

  const std::filesystem::path& data = options.server.data;
  std::error_code ignored;
  bool served = !options.server.server.empty();
  if (!served && std::filesystem::exists(data / "log", ignored)) {
    const auto used = in_use(data);
    if (!used) return used.error();
    served = *used;
  }
  if (options.dry_run) {
    std::optional<Client> server;
    if (served) {
      auto client = Client::open(options.server, Answers::server);
      if (!client) return client.error();
      server.emplace(std::move(*client));
    }
    auto folder = ScratchFolder::make();
    if (!folder) return folder.error();
    auto node = scratch_node(*folder, server ? &*server : nullptr, settings.names);
    if (!node) return node.error();
    const auto target = import_into(**node, name);
    auto done = run_import(settings, *target, summary);
    (*node)->stop();
    return done;
  }
  if (served || data.empty()) {
    auto target = import_to(options.server, name);
    if (!target) return target.error();
    return run_import(settings, **target, summary);
  }
  ServeOptions serving;
  serving.journal.level = JournalLevel::error;
  serving.data = data;
  auto node = Node::open(serving);
  if (!node) return failure(node.error());
  for (const std::string& note : (*node)->folder().notes) fmt::print(stderr, "note: {}\n", note);
  const auto target = import_into(**node, name);
  auto done = run_import(settings, *target, summary);
  (*node)->stop();
  return done;
}

int import_files(const ImportOptions& options) {
  std::signal(SIGINT, ask_to_stop);
  std::signal(SIGTERM, ask_to_stop);
  std::signal(SIGPIPE, SIG_IGN);
  ImportSummary summary;
  const auto done = import_with(options, summary);
  if (done || summary.lines > 0) {
    if (options.output.format() == Format::table)
      print_for_people(summary, options.dry_run);
    else
      print_for_programs(summary, options.dry_run);
  }
  if (!flush_stdout()) return Exit::failed;
  const bool again = !summary.whole && !options.dry_run && summary.lines > 0;
  if (!done) report(done.error());
  if (again)
    fmt::print(stderr,
               "not finished: the same command again goes on where this one stopped. Until it is, no "
               "deadline of what "
               "was brought in runs\n");
  if (!done) return done.error().code;
  if (!summary.whole) return Exit::interrupted;
  return summary.rejected > 0 ? Exit::partly : Exit::done;
}

}  // namespace

void add_import_command(CLI::App& app, int& code) {
  auto options = std::make_shared<ImportOptions>();
  CLI::App* command = app.add_subcommand("import", "Bring in a history from files of JSON Lines");
  command->add_option("files", options->import.files, "Files of JSON Lines; - is standard input")->required();
  add_server(*command, options->server,
             "The data folder; made where there is none, and asked over HTTP where it is served");
  command->add_flag("--dry-run", options->dry_run,
                    "Say what would come of it, and write nothing: it is done in a scratch folder, with the "
                    "people, queues and "
                    "tags of the server or the map");
  command->add_option("--map", options->map,
                      "A JSON object of names that lines may use, each with an id of the desk's");
  command->add_option("--name", options->name, "What the import is called (default: its files' names)");
  command->add_option("--rejects", options->import.rejects,
                      "Where lines go that are not taken, with the reasons as comments");
  command->add_flag("--strict", options->import.strict, "Stop at the first line that is not taken");
  command->add_flag("--leave-open", options->import.leave_open,
                    "Do not close the import: more of it will come, and no deadline runs before");
  add_output(*command, options->output, false);
  command->footer(R"(A line is the JSON body of a command, with the time at which it happened:

  {"channel":"email","account":"shop-de","message_id":"m1","id":"T1","from":{"address":"ada@example.com"},
   "text":"Where is it?","occurred_at":"2019-03-01T09:00:00Z"}
  {"path":"/v1/conversations/{T1}/reply","as":"{ann}","text":"On its way","occurred_at":"2019-03-01T10:30:00Z"}
  {"path":"/v1/agents","id":"ann","name":"Ann"}

Without `path` it is a message from outside, as POST /v1/inbound takes it. Beside the command's own members:
  id   what the thing is called that the line makes; without it a message's conversation is called by its message_id
  as   the agent who did it, where the command does not name one

{NAME}, as a step of a path or as the value of a member that takes an id, is what an earlier line got that is called NAME, or
what --map says; {thread:T} is the conversation of the earlier messages whose thread is T. A message whose thread was met before
joins that conversation, whoever sends it.

Lines about the same sender, thread or thing are done in their order, others at once. An empty line, and one that begins with #, is
passed over. A line that was brought in before changes nothing, so what was stopped may be repeated, and a corrected file too.

Until the import is closed, at its end, what it touched runs on the lines' times: a promise breaks where a line's time says so.

Example: parlance import tickets.jsonl --data ~/desk --rejects tickets.rejected.jsonl)");
  command->callback([options, &code] { code = import_files(*options); });
}

}  // namespace parlance::tools
