#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "engine/base/id.h"
#include "tools/parlance/client.h"
#include "tools/parlance/commands.h"
#include "tools/parlance/output.h"
#include "tools/parlance/report.h"

/// `parlance conv`: conversations, as a server or a stopped folder answers them. What is shown is what the token may see.
namespace parlance::tools {
namespace {

struct ConversationOptions {
  ServerOptions server;
  std::string id;
  std::string at_version, as_of;    ///< time travel
  std::string when;                 ///< of `at`: a version or an instant
  std::vector<std::string> filter;  ///< words of the filter grammar
  std::string state, queue, assignee, channel, subject, sort;
  std::uint64_t limit = 50;
  Output output;
};

constexpr std::uint64_t page_max = 200;  // what the API takes

std::string text(const json::object& row, std::string_view name) {
  const auto* value = row.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

/// Gives `sink` up to `limit` rows of a list, page after page.
template <class Sink>
Done<void> each_row(Client& client, const std::string& path, Query query, std::uint64_t limit, Sink sink) {
  query.emplace_back("limit", "");
  std::string& size = query.back().second;
  for (std::string after; limit != 0;) {
    size = std::to_string(std::min(limit, page_max));
    Query page = query;
    if (!after.empty()) page.emplace_back("after", after);
    auto answer = client.get(path, page);
    if (!answer) return answer.error();
    const auto* body = answer->if_object();
    const auto* data = body != nullptr && body->contains("data") ? body->at("data").if_array() : nullptr;
    const auto* more = body != nullptr && body->contains("page") ? body->at("page").if_object() : nullptr;
    if (data == nullptr || more == nullptr) return Failure{Exit::failed, "the server's answer is no list"};
    for (const json::value& row : *data) {
      if (!row.is_object() || limit == 0) break;
      sink(row.get_object());
      --limit;
    }
    after = text(*more, "next");
    if (after.empty()) break;
  }
  return {};
}

Query time_of(const ConversationOptions& options) {
  Query query;
  if (!options.at_version.empty()) query.emplace_back("at_version", options.at_version);
  if (!options.as_of.empty()) query.emplace_back("as_of", options.as_of);
  return query;
}

Done<std::string> path_of(const ConversationOptions& options) {
  if (auto id = parse_id<ConversationId>(options.id); !id)
    return Failure{Exit::usage,
                   fmt::format("{} is no conversation's id, such as cnv_01kavx5mt2g4q8w3r7y9z1b5dh",
                               printable(options.id))};
  return "/v1/conversations/" + options.id;
}

Done<Client> open(const ConversationOptions& options) {
  ServerOptions server = options.server;
  server.quiet = options.output.quiet;
  return Client::open(server, Answers::folder_too);
}

int finish(Rows& rows, const Done<void>& read, std::string_view empty) {
  if (!read) return report(read.error());
  rows.finish(empty);
  return flush_stdout() ? Exit::done : Exit::failed;
}

int list(const ConversationOptions& options) {
  auto client = open(options);
  if (!client) return report(client.error());
  Query query;
  std::string q;
  for (const std::string& word : options.filter) q += (q.empty() ? "" : " ") + word;
  for (const auto& [name, value] : {std::pair<const char*, const std::string&>{"q", q},
                                    {"state", options.state},
                                    {"queue", options.queue},
                                    {"assignee", options.assignee},
                                    {"channel", options.channel},
                                    {"subject", options.subject},
                                    {"sort", options.sort}})
    if (!value.empty()) query.emplace_back(name, value);
  Rows rows(options.output, {{"number", "number", true},
                             {"state", "state"},
                             {"priority", "priority"},
                             {"assignee", "assignee.name"},
                             {"queue", "queue.name"},
                             {"channel", "channel"},
                             {"customer", "requester.name"},
                             {"updated", "updated_at"},
                             {"last", "preview"},
                             {"id", "id", false, true}});
  const auto read = each_row(*client, "/v1/conversations", std::move(query), options.limit,
                             [&](const json::object& row) { rows.add(row); });
  return finish(rows, read, "no conversations");
}

int show(const ConversationOptions& options) {
  const auto path = path_of(options);
  if (!path) return report(path.error());
  auto client = open(options);
  if (!client) return report(client.error());
  const auto answer = client->get(*path, time_of(options));
  if (!answer) return report(answer.error());
  if (!answer->is_object()) return report(Failure{Exit::failed, "the server's answer is no conversation"});
  print_one(options.output, answer->get_object());
  return flush_stdout() ? Exit::done : Exit::failed;
}

/// For a table: the words of an item, or else what its details say.
json::object timeline_line(const json::object& item) {
  json::object line{{"id", text(item, "id")}, {"at", text(item, "at")}, {"kind", text(item, "kind")}};
  if (const auto* actor = item.if_contains("actor"); actor != nullptr && actor->is_object()) {
    const std::string name = text(actor->get_object(), "name");
    line["who"] = name.empty() ? text(actor->get_object(), "kind") : name;
  }
  std::string what = text(item, "text");
  if (item.contains("text") && text(item, "personal") == "erased") what = "(erased)";
  if (item.contains("text") && text(item, "personal") == "unavailable") what = "(not available)";
  if (const auto* details = item.if_contains("details"); what.empty() && details != nullptr)
    what = readable(*details);
  line["what"] = what;
  return line;
}

int timeline(const ConversationOptions& options) {
  const auto path = path_of(options);
  if (!path) return report(path.error());
  auto client = open(options);
  if (!client) return report(client.error());
  const Format format = options.output.format();
  const bool lines = options.output.fields.empty() &&
                     (format == Format::table || format == Format::csv || format == Format::md);
  Rows rows(options.output, {{"at", "at", false, true}, {"kind", "kind"}, {"who", "who"}, {"what", "what"}});
  const auto read = each_row(*client, *path + "/timeline", time_of(options), options.limit,
                             [&](const json::object& item) { rows.add(lines ? timeline_line(item) : item); });
  return finish(rows, read, "nothing had happened then");
}

int log(const ConversationOptions& options) {
  const auto path = path_of(options);
  if (!path) return report(path.error());
  auto client = open(options);
  if (!client) return report(client.error());
  Rows rows(options.output, {{"version", "version", true},
                             {"type", "type"},
                             {"occurred at", "occurred_at"},
                             {"recorded at", "recorded_at"},
                             {"actor", "actor.kind"},
                             {"name", "actor.name"},
                             {"position", "position"}});
  const auto read = each_row(*client, *path + "/events", time_of(options), options.limit,
                             [&](const json::object& event) { rows.add(event); });
  return finish(rows, read, "no events");
}

int at(ConversationOptions options) {
  const bool version =
      !options.when.empty() && options.when.find_first_not_of("0123456789") == std::string::npos;
  (version ? options.at_version : options.as_of) = options.when;
  return show(options);
}

}  // namespace

void add_conversation_commands(CLI::App& app, int& code) {
  CLI::App* conv = app.add_subcommand(
      "conv", "Conversations, of a server or of a stopped folder: list, show, timeline, log, at");
  conv->require_subcommand(1);
  const auto command = [&](const char* name, const char* does) {
    auto options = std::make_shared<ConversationOptions>();
    CLI::App* made = conv->add_subcommand(name, does);
    add_server(
        *made, options->server,
        "The folder of a server on this machine, for its address and token; where none runs, the folder "
        "itself answers and is left as it is",
        Answers::folder_too);
    add_output(*made, options->output, true);
    return std::pair(made, options);
  };
  const auto about_one = [](CLI::App* made, ConversationOptions& options) {
    made->add_option("id", options.id, "The conversation, cnv_...")->required();
  };
  const auto travels = [](CLI::App* made, ConversationOptions& options) {
    CLI::Option* version = made->add_option("--at-version", options.at_version, "As it was at this version");
    made->add_option("--as-of", options.as_of, "As it was known at this instant, RFC 3339")
        ->excludes(version);
  };
  const auto limited = [](CLI::App* made, ConversationOptions& options) {
    made->add_option("--limit", options.limit, "At most so many")->capture_default_str();
  };

  auto [list_command, list_options] = command("list", "List conversations, those to work on next first");
  list_command->add_option(
      "filter", list_options->filter,
      "What to look for, as on the page: is:late lang:de,es; words with a - in front after --");
  list_command->add_option("--state", list_options->state, "Such as new,open,snoozed");
  list_command->add_option("--queue", list_options->queue, "A queue's id, que_...");
  list_command->add_option("--assignee", list_options->assignee, "An agent's id, me or none");
  list_command->add_option("--channel", list_options->channel, "Such as email, chat or whatsapp");
  list_command->add_option("--subject", list_options->subject, "A customer's id, sub_...");
  list_command->add_option("--sort", list_options->sort, "working_order, newest, oldest or updated");
  limited(list_command, *list_options);
  list_command->footer(
      "Examples:\n"
      "  parlance conv list --data ~/desk is:unassigned 'sla:<30m' lang:de\n"
      "  parlance conv list --data ~/desk --state open -o ids | xargs -n1 parlance conv timeline --data "
      "~/desk");
  list_command->callback([options = list_options, &code] { code = list(*options); });

  auto [show_command, show_options] = command("show", "Show a conversation, now or as it was");
  about_one(show_command, *show_options);
  travels(show_command, *show_options);
  show_command->footer("Example: parlance conv show cnv_01kavx5mt2g4q8w3r7y9z1b5dh --data ~/desk");
  show_command->callback([options = show_options, &code] { code = show(*options); });

  auto [timeline_command, timeline_options] =
      command("timeline", "Its messages and what was done, in one order");
  about_one(timeline_command, *timeline_options);
  travels(timeline_command, *timeline_options);
  limited(timeline_command, *timeline_options);
  timeline_command->footer("Example: parlance conv timeline cnv_01kavx5mt2g4q8w3r7y9z1b5dh --data ~/desk");
  timeline_command->callback([options = timeline_options, &code] { code = timeline(*options); });

  auto [log_command, log_options] = command("log", "Its events as stored, with their places in the log");
  about_one(log_command, *log_options);
  travels(log_command, *log_options);
  limited(log_command, *log_options);
  log_command->footer("Example: parlance conv log cnv_01kavx5mt2g4q8w3r7y9z1b5dh --data ~/desk");
  log_command->callback([options = log_options, &code] { code = log(*options); });

  auto [at_command, at_options] = command("at", "Show a conversation as it was at a version or an instant");
  about_one(at_command, *at_options);
  at_command->add_option("when", at_options->when, "A version, or an instant in RFC 3339")->required();
  at_command->footer(
      "Examples:\n"
      "  parlance conv at cnv_01kavx5mt2g4q8w3r7y9z1b5dh 3 --data ~/desk\n"
      "  parlance conv at cnv_01kavx5mt2g4q8w3r7y9z1b5dh 2026-11-22T10:00:00Z --data ~/desk");
  at_command->callback([options = at_options, &code] { code = at(*options); });
}

}  // namespace parlance::tools
