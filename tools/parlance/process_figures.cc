#include "tools/parlance/process_figures.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

namespace parlance::tools {
namespace {

/// The process as /proc/self/stat has it; zeros where that cannot be read.
struct Stat {
  double threads = 0, start_seconds = 0, virtual_bytes = 0, resident_bytes = 0;
};

Stat read_stat() {
  Stat out;
  std::ifstream in("/proc/self/stat");
  std::string line;
  if (!std::getline(in, line)) return out;
  // The name in brackets may hold anything; what is counted comes after it.
  std::istringstream rest(line.substr(line.rfind(')') + 1));
  std::string word;
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  for (int field = 3; rest >> word; ++field) {
    const double value = std::strtod(word.c_str(), nullptr);
    if (field == 20) out.threads = value;
    if (field == 22) out.start_seconds = value / ticks;
    if (field == 23) out.virtual_bytes = value;
    if (field == 24) out.resident_bytes = value * static_cast<double>(::sysconf(_SC_PAGESIZE));
  }
  return out;
}

double boot_time() {
  std::ifstream in("/proc/stat");
  for (std::string word; in >> word;) {
    double value = 0;
    if (word == "btime" && in >> value) return value;
  }
  return 0;
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

}  // namespace

void add_process_figures(std::vector<http::MetricFamily>& families) {
  static const double booted = boot_time();
  const Stat stat = read_stat();
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  std::uint64_t open_files = 0;
  std::error_code error;
  for (std::filesystem::directory_iterator fd("/proc/self/fd", error);
       !error && fd != std::filesystem::directory_iterator(); fd.increment(error))
    ++open_files;
  families.push_back(http::counter("process_cpu_seconds_total", "CPU time, user and system.",
                                   seconds(used.ru_utime) + seconds(used.ru_stime)));
  families.push_back(http::gauge("process_resident_memory_bytes", "Memory in RAM.", stat.resident_bytes));
  families.push_back(http::gauge("process_virtual_memory_bytes", "Address space.", stat.virtual_bytes));
  families.push_back(http::gauge("process_open_fds", "Descriptors open.", static_cast<double>(open_files)));
  families.push_back(
      http::gauge("process_max_fds", "Descriptors allowed.", static_cast<double>(files.rlim_cur)));
  families.push_back(http::gauge("process_threads", "Threads.", stat.threads));
  families.push_back(http::gauge("process_start_time_seconds", "Start, as seconds since 1970.",
                                 booted + stat.start_seconds));
}

}  // namespace parlance::tools
