#include <cstdio>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "tools/parlance/demo.h"
#include "tools/parlance/output.h"
#include "tools/parlance/report.h"
#include "tools/parlance/shop_lines.h"

/// `parlance generate`: the seeded shop's traffic, for `parlance import`.
namespace parlance::tools {
namespace {
using namespace demo;  // NOLINT: its whole purpose

struct GenerateOptions {
  std::uint64_t seed = 1;
  std::size_t conversations = 1000;
  int days = 21;
  std::size_t agents = 12;
  std::string start = "2026-03-02T00:00:00Z";
  bool desk = true;
};
constexpr std::size_t conversations_max = 50'000'000;
constexpr int days_max = 3650;

int generate(const GenerateOptions& options) {
  const auto begin = parse_rfc3339(options.start);
  if (!begin) return report(Failure{Exit::usage, "--start: " + begin.error().detail});
  const Staff staff(options.agents, options.seed);
  const auto print = [](const std::string& line) {
    std::fwrite(line.data(), 1, line.size(), stdout);
    std::fputc('\n', stdout);
  };
  if (options.desk) write_desk_lines(staff.people(), print);
  ShopHistory history({options.seed, options.conversations, *begin, *begin + options.days * day_ms},
                      staff.people());
  for (auto next = history.next(); next.step != nullptr && std::ferror(stdout) == 0; next = history.next())
    if (has_line(next.step->what)) print(line_of(next, options.seed, staff.people()));
  return flush_stdout() ? Exit::done : Exit::failed;
}

}  // namespace

void add_generate_command(CLI::App& app, int& code) {
  auto options = std::make_shared<GenerateOptions>();
  CLI::App* command =
      app.add_subcommand("generate", "Print a seeded shop's traffic as JSON Lines for `parlance import`");
  command->add_option("--seed", options->seed, "The same seed prints the same bytes, on every machine")
      ->capture_default_str();
  command->add_option("--conversations", options->conversations, "How many there are")
      ->check(CLI::Range(std::size_t{1}, conversations_max))
      ->capture_default_str();
  command->add_option("--days", options->days, "Over how many days")
      ->check(CLI::Range(1, days_max))
      ->capture_default_str();
  command->add_option("--agents", options->agents, "How many people work at the desk")
      ->check(CLI::Range(staff_min, staff_max))
      ->capture_default_str();
  command->add_option("--start", options->start, "When the first day begins")->capture_default_str();
  command->add_flag(
      "!--no-desk", options->desk,
      "Without the desk's own lines: people, queues, tags and promises are there, see `import --map`");
  command->footer(
      R"(Customers of eleven languages write by mail, chat, WhatsApp and a marketplace about parcels, customs, sizes,
damage, refunds, warranty and more. Agents take, answer, note, tag, snooze, wait and resolve; some promises break, some matters
come back, some customers say how it was. Lines come in the order of time.

Example: parlance generate --seed 7 --conversations 5000 > shop.jsonl && parlance import shop.jsonl --data ~/desk)");
  command->callback([options, &code] { code = generate(*options); });
}

}  // namespace parlance::tools
