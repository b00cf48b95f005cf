// How does a desk with 100,000 conversations answer?
//
// Workload: the generated shop's history (`parlance generate`: 100,000 conversations or as many as the first argument says, some eight
// lines each, eleven languages) imported into a folder of its own, then served. 64 keep-alive clients read tickets, each another at
// random, beside a bare Beast server that parses HTTP and answers the bytes of one ticket. Lists of 50 in working order, over what is
// open then and thousands of messages of the last second: each request another page, 64 clients and one. Then kill -9, and serve
// again. Three turns each of three seconds; medians. Clients and servers share the machine.
//
//   desk [CONVERSATIONS]
//
// PARLANCE_PROGRAM names the server's program; without it, parlance in the folder above this one's.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <signal.h>
#include <string>
#include <vector>

#include "bench/http_load.h"
#include "tests/support/temp_dir.h"

using namespace parlance::bench;

namespace {

constexpr double turn_s = 3;
constexpr int turns = 3;
constexpr unsigned clients = 64;
constexpr std::size_t pages_max = 400;

double wall_s() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Runs a command of the program, through the shell; returns the seconds that it took.
double run(const std::string& words) {
  const double start = wall_s();
  const std::string line = "'" + program().string() + "' " + words;
  const int ended = std::system(line.c_str());  // NOLINT: the words are this program's own
  // 8: a few lines of the history were refused, as the desk's rules want.
  if (ended != 0 && ended != 8 << 8) {
    std::fprintf(stderr, "%s: %d\n", line.c_str(), ended);
    std::exit(1);
  }
  return wall_s() - start;
}
std::uint64_t lines_of(const std::filesystem::path& file) {
  std::FILE* in = std::fopen(file.c_str(), "rb");
  std::vector<char> piece(1 << 20);
  std::uint64_t lines = 0;
  for (std::size_t n = 0; (n = std::fread(piece.data(), 1, piece.size(), in)) != 0;)
    for (std::size_t i = 0; i < n; ++i) lines += piece[i] == '\n';
  std::fclose(in);
  return lines;
}

/// What stands between `mark` and the next quote, everywhere.
void each_after(const std::string& text, const std::string& mark, std::vector<std::string>& out) {
  for (std::size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at + 1)) {
    const std::size_t from = at + mark.size();
    out.push_back(text.substr(from, text.find('"', from) - from));
  }
}

/// Walks a list by pages and collects the conversations and, where wanted, the pages' addresses.
void walk(const Server& server, const std::string& list, std::vector<std::string>& ids,
          std::vector<std::string>* pages) {
  std::string after;
  for (std::size_t n = 0; n < pages_max; ++n) {
    const std::string path = list + (after.empty() ? "" : "&after=" + after);
    const std::string body = ask(server.port, get(path, server.token));
    if (pages != nullptr) pages->push_back(path);
    each_after(body, "{\"id\":\"cnv_", ids);
    after = member(body, "next");
    if (after.empty()) return;
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string conversations = argc > 1 ? std::to_string(std::atoll(argv[1])) : "100000";
  ::setenv("TMPDIR", "/var/tmp", 0);  // on a disk: a sync in memory costs nothing
  const parlance::tests::TempDir dir;
  const auto file = dir / "shop.jsonl", data = dir / "data";
  run("generate --seed 3 --days 365 --conversations " + conversations + " > " + file.string());
  const std::uint64_t lines = lines_of(file);
  const double import_s =
      run("import -q " + file.string() + " --data " + data.string() + " > /dev/null 2>&1");
  std::printf("%s conversations, %llu lines, imported at %.0f lines/s\n", conversations.c_str(),
              static_cast<unsigned long long>(lines), static_cast<double>(lines) / import_s);
  std::fflush(stdout);
  std::filesystem::remove(file);

  Server server = serve(data);
  const Requests messages = [&](unsigned client, std::uint64_t n) {
    const std::string number = std::to_string(client) + "-" + std::to_string(n);
    return post("/v1/inbound", server.token,
                R"({"channel":"email","account":"shop-de","message_id":"m)" + number +
                    R"(","from":{"address":"buyer)" + number +
                    R"(@example.org"},"text":"Where is my parcel?"})");
  };
  (void)load(server.port, server.process, clients, 1, messages);
  std::vector<std::string> ids, pages;
  for (const char* state : {"closed", "resolved", "open", "new"})
    for (const char* sort : {"newest", "oldest"})
      walk(server, "/v1/conversations?limit=200&sort=" + std::string(sort) + "&q=state:" + state, ids,
           nullptr);
  std::vector<std::string> unused;
  walk(server, "/v1/conversations?limit=50&sort=working_order", unused, &pages);
  std::printf("%zu conversations and %zu pages of 50 in working order are drawn from\n", ids.size(),
              pages.size());
  const std::string ticket = ask(server.port, get("/v1/conversations/cnv_" + ids.front(), server.token));
  const BareServer bare = bare_server(ticket);

  std::mt19937_64 random(1);
  const Requests tickets = [&](unsigned, std::uint64_t) {
    return get("/v1/conversations/cnv_" + ids[random() % ids.size()], server.token);
  };
  const Requests lists = [&](unsigned, std::uint64_t) {
    return get(pages[random() % pages.size()], server.token);
  };
  std::vector<Figures> least, read, list, alone;
  for (int turn = 0; turn < turns; ++turn) {
    least.push_back(load(bare.port, bare.process, clients, turn_s, tickets));
    read.push_back(load(server.port, server.process, clients, turn_s, tickets));
    list.push_back(load(server.port, server.process, clients, turn_s, lists));
    alone.push_back(load(server.port, server.process, 1, turn_s, lists));
  }
  const Figures b = median(least), t = median(read);
  print("bare Beast server, a ticket's bytes, 64 clients", b);
  print("ticket, 64 clients", t);
  std::printf("ratio %48.1f %%\n", 100 * t.per_second / b.per_second);
  print("list of 50 in working order, 64 clients", median(list));
  print("list of 50 in working order, one client", median(alone));
  std::printf("resident %.0f MiB\n", static_cast<double>(server.process.resident_bytes()) / (1 << 20));
  server.process.end(SIGKILL);
  const Server again = serve(data);
  std::printf("serving %.2f s after kill -9\n", again.ready_s);
  return 0;
}
