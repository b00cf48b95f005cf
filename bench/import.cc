// How many lines a second does `parlance import` bring into a folder?
//
// Workload: the generated shop's history (as `parlance generate --seed 3 --conversations 6000`, or as many as the first argument says; about
// ten lines a conversation, eleven languages, 290 bytes a line), read from a file on disk and brought in whole: every line its own
// command, decided, sealed, durable and folded into the fold store and all views at the end. Beside it, in the same run, the least that
// an import can cost: the same lines read, parsed and appended to a RocksDB, synced in groups of 500. Processor time is that of the whole
// process, so threads in the background are in it.
//
//   import [CONVERSATIONS [TURNS]]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <sys/resource.h>
#include <thread>
#include <vector>

#include <rocksdb/db.h>

#include "adapters/http/json.h"
#include "tests/support/temp_dir.h"
#include "tools/parlance/import_reader.h"
#include "tools/parlance/importer.h"
#include "tools/parlance/shop_lines.h"

using namespace parlance;
using namespace parlance::tools;

namespace {

constexpr std::size_t group = 500;
constexpr std::uint64_t seed = 3;

double cpu_s() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}
double wall_s() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

template <class T> T must(Done<T> result) {
  if (result) return std::move(*result);
  std::fprintf(stderr, "%s\n", result.error().text.c_str());
  std::exit(1);
}
void must(const Done<void>& result) {
  if (result) return;
  std::fprintf(stderr, "%s\n", result.error().text.c_str());
  std::exit(1);
}

std::uint64_t write_file(const std::filesystem::path& path, std::size_t conversations) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  std::uint64_t lines = 0;
  const auto write = [&](const std::string& line) {
    std::fprintf(file, "%s\n", line.c_str());
    ++lines;
  };
  const demo::Staff staff(12, seed);
  const Instant begin = *parse_rfc3339("2026-03-02T00:00:00Z");
  demo::write_desk_lines(staff.people(), write);
  demo::ShopHistory history({seed, conversations, begin, begin + 21 * demo::day_ms}, staff.people());
  for (auto next = history.next(); next.step != nullptr; next = history.next())
    if (demo::has_line(next.step->what)) write(demo::line_of(next, seed, staff.people()));
  std::fclose(file);
  return lines;
}

void baseline(const std::filesystem::path& file, const std::filesystem::path& dir) {
  rocksdb::Options options;
  options.create_if_missing = true;
  rocksdb::DB* opened = nullptr;
  if (!rocksdb::DB::Open(options, dir.string(), &opened).ok()) std::exit(1);
  const std::unique_ptr<rocksdb::DB> db(opened);
  rocksdb::WriteOptions synced;
  synced.sync = true;
  auto reader = must(LineReader::open(file));
  std::string line;
  rocksdb::WriteBatch batch;
  std::uint64_t number = 0;
  const auto put_down = [&] {
    if (!db->Write(synced, &batch).ok()) std::exit(1);
    batch.Clear();
  };
  while (must(reader.next(line)) != LineReader::Got::end) {
    if (!http::parse_json(line)) std::exit(1);
    Bytes key = ByteWriter().be(++number).take();
    if (!batch.Put({reinterpret_cast<const char*>(key.data()), key.size()}, line).ok()) std::exit(1);
    if (number % group == 0) put_down();
  }
  put_down();
}

void ours(const std::filesystem::path& file, const std::filesystem::path& data) {
  ServeOptions options;
  options.data = data;
  auto node = Node::open(options);
  if (!node) std::exit(1);
  ImportSettings settings;
  settings.files = {file};
  settings.quiet = true;
  ImportSummary summary;
  const auto target = import_into(**node, "bench");
  must(run_import(settings, *target, summary));
  // Now and then two of the generated customers are one person to the desk, who is claimed twice.
  if (summary.rejected > summary.taken / 1000 || !summary.whole) std::exit(1);
  const auto behind = [](const ViewStatus& status) { return status.lag != 0; };
  while (std::ranges::any_of((*node)->views().status(), behind))
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  (*node)->stop();
}

struct Figure {
  double per_second = 0, cpu_us = 0;
};
template <class Work> Figure measure(std::uint64_t lines, const Work& work) {
  const double cpu = cpu_s(), wall = wall_s();
  work();
  const auto count = static_cast<double>(lines);
  return {count / (wall_s() - wall), (cpu_s() - cpu) / count * 1e6};
}
Figure median(std::vector<Figure> all) {
  std::ranges::sort(all, {}, &Figure::per_second);
  return all[all.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t conversations = argc > 1 ? static_cast<std::size_t>(std::atoll(argv[1])) : 6000;
  const int turns = argc > 2 ? std::atoi(argv[2]) : 3;
  ::setenv("TMPDIR", "/var/tmp", 0);  // on a disk: a sync in memory costs nothing
  const parlance::tests::TempDir dir;
  const auto file = dir / "shop.jsonl";
  const std::uint64_t lines = write_file(file, conversations);
  std::vector<Figure> least, import;
  for (int i = 0; i < turns; ++i) {
    const std::string turn = std::to_string(i);
    least.push_back(measure(lines, [&] { baseline(file, dir / ("baseline" + turn)); }));
    import.push_back(measure(lines, [&] { ours(file, dir / ("data" + turn)); }));
  }
  const Figure b = median(least), o = median(import);
  std::printf("%llu lines\n", static_cast<unsigned long long>(lines));
  std::printf("read, parsed, in RocksDB, synced by %zu    %9.0f/s   %6.1f CPU us a line\n", group,
              b.per_second, b.cpu_us);
  std::printf("imported, all views there                 %9.0f/s   %6.1f CPU us a line\n", o.per_second,
              o.cpu_us);
  std::printf("ratio                                     %9.1f %%\n", 100 * o.per_second / b.per_second);
  return 0;
}
