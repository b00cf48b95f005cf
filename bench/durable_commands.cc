// How many durable commands a second does the server take over HTTP?
//
// Workload: 64 keep-alive clients (or as many as the first argument says), each posting messages of about 170 bytes of its own customer to
// /v1/inbound, one after the other: each is an event that is synced before its 201. Beside it, in the same run and with the same requests, a bare
// Beast server that parses HTTP and answers fixed bytes: the path's limit. Both share the machine with the clients. Three turns
// each of three seconds; medians.
//
//   durable_commands [CLIENTS]
//
// PARLANCE_PROGRAM names the server's program; without it, parlance in the folder above this one's.
#include <cstdio>
#include <cstdlib>
#include <signal.h>
#include <string>
#include <vector>

#include "bench/http_load.h"
#include "tests/support/temp_dir.h"

using namespace parlance::bench;

namespace {

constexpr double turn_s = 3;
constexpr int turns = 3;

std::string message(const std::string& token, int turn, unsigned client, std::uint64_t n) {
  const std::string who = std::to_string(client);
  return post(
      "/v1/inbound", token,
      R"({"channel":"email","account":"shop-de","message_id":"m)" + std::to_string(turn) + "-" + who + "-" +
          std::to_string(n) + R"(","from":{"address":"buyer)" + who +
          R"(@example.org"},"language":"de","text":"Mein Paket ist noch nicht angekommen. Bestellnummer 20261122-4711. Koennen Sie bitte nachsehen?"})");
}

}  // namespace

int main(int argc, char** argv) {
  const unsigned clients = argc > 1 ? static_cast<unsigned>(std::atoi(argv[1])) : 64;
  const BareServer bare = bare_server(R"({"id":"cnv_0123456789abcdef","position":"1:3:12345"})");
  ::setenv("TMPDIR", "/var/tmp", 0);  // on a disk: a sync in memory costs nothing
  const parlance::tests::TempDir dir;
  Server server = serve(dir / "data");

  std::vector<Figures> baseline, ours;
  for (int turn = 0; turn < turns; ++turn) {
    const Requests messages = [&](unsigned client, std::uint64_t n) {
      return message(server.token, turn, client, n);
    };
    baseline.push_back(load(bare.port, bare.process, clients, turn_s, messages));
    ours.push_back(load(server.port, server.process, clients, turn_s, messages));
  }
  server.process.end(SIGTERM);
  const Figures b = median(baseline), o = median(ours);
  std::printf("%u clients\n", clients);
  print("bare Beast server, fixed answer", b);
  print("durable commands over HTTP", o);
  std::printf("ratio %48.1f %%\n", 100 * o.per_second / b.per_second);
  return 0;
}
