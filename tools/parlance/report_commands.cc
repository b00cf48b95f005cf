#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "tools/parlance/client.h"
#include "tools/parlance/commands.h"
#include "tools/parlance/output.h"
#include "tools/parlance/report.h"

/// `parlance report`: figures, as GET /v1/reports/{metric} gives them. What metrics there are is the server's matter.
namespace parlance::tools {
namespace {

struct ReportOptions {
  ServerOptions server;
  std::string metric, from, until, by, zone, definition;
  bool explain = false;
  Output output;
};

const json::array* rows_of(const json::value& answer) {
  const auto* body = answer.if_object();
  return body != nullptr && body->contains("data") ? body->at("data").if_array() : nullptr;
}

/// A report's columns are those of its rows.
std::vector<Column> columns_of(const json::array& data) {
  std::vector<Column> columns;
  if (data.empty() || !data.front().is_object()) return columns;
  for (const auto& member : data.front().get_object()) {
    const auto* text = member.value().if_string();
    const bool figure =
        member.value().is_number() ||
        (text != nullptr && !text->empty() && text->find_first_not_of("0123456789.-") == json::string::npos);
    columns.push_back({member.key(), member.key(), figure});
  }
  return columns;
}

int show(const ReportOptions& options) {
  for (const char c : options.metric)
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'))
      return report(
          Failure{Exit::usage, printable(options.metric) + " is no metric's name, such as first_response"});
  ServerOptions server = options.server;
  server.quiet = options.output.quiet;
  auto client = Client::open(server, Answers::folder_too);
  if (!client) return report(client.error());
  Query query;
  for (const auto& [name, value] : {std::pair<const char*, const std::string&>{"from", options.from},
                                    {"to", options.until},
                                    {"by", options.by},
                                    {"tz", options.zone},
                                    {"definition", options.definition}})
    if (!value.empty()) query.emplace_back(name, value);
  const auto answer =
      client->get("/v1/reports/" + options.metric + (options.explain ? "/explain" : ""), query);
  if (!answer) return report(answer.error());
  // As one object, the definition and what was left out stay beside the figures.
  if (options.output.format() == Format::json && options.output.fields.empty()) {
    fmt::print("{}\n", json::serialize(*answer));
    return flush_stdout() ? Exit::done : Exit::failed;
  }
  const json::array* data = rows_of(*answer);
  if (data == nullptr) return report(Failure{Exit::failed, "the server's answer is no report"});
  Rows rows(options.output, columns_of(*data));
  for (const json::value& row : *data)
    if (row.is_object()) rows.add(row.get_object());
  rows.finish("no figures");
  if (!flush_stdout()) return Exit::failed;
  const auto& body = answer->get_object();
  if (const auto* left_out = body.if_contains("left_out"); left_out != nullptr && left_out->is_array())
    for (const json::value& one : left_out->get_array())
      fmt::print(stderr, "note: left out: {}\n", readable(one));
  return Exit::done;
}

}  // namespace

void add_report_commands(CLI::App& app, int& code) {
  auto options = std::make_shared<ReportOptions>();
  CLI::App* command = app.add_subcommand("report", "Figures of a server or of a stopped folder");
  command->add_option("metric", options->metric, "Such as daily, first_response, backlog or csat")
      ->required();
  command->add_option("--from", options->from, "From this instant on, RFC 3339");
  command->add_option("--until", options->until, "Before this instant, RFC 3339");
  command->add_option("--by", options->by, "A row for each queue, channel, language, agent and so on");
  command->add_option("--tz", options->zone, "Whose days, such as Europe/Berlin");
  command->add_option("--definition", options->definition, "Which version of the metric's definition");
  command->add_flag("--why", options->explain, "What was counted, conversation by conversation, and why");
  add_server(
      *command, options->server,
      "The folder of a server on this machine, for its address and token; where none runs, the folder itself "
      "answers and is left as it is",
      Answers::folder_too);
  add_output(*command, options->output, false);
  command->footer(
      "Examples:\n"
      "  parlance report daily --by queue --data ~/desk\n"
      "  parlance report daily --data ~/desk -o csv > november.csv");
  command->callback([options, &code] { code = show(*options); });
}

}  // namespace parlance::tools
