// A disk that fails when told, under the program as released: a library loaded before it (LD_PRELOAD), which stands between it and
// the system's files. What faulty_files.h does under RocksDB alone in a test's own process this does under every file of a real one.
//
// It minds the files below one folder, $PARLANCE_DISK_ROOT, an absolute path. A test tells it what to do, also while the program runs,
// through a file that both map, $PARLANCE_DISK_CONTROL, laid out as Control below (tests/support/faulty_disk.py is the other side).
// With $PARLANCE_DISK_TRACE every change of the folder is written to that file in the order in which it was made, so that any state
// that a power cut could have left can be made from it afterwards.
//
// A trace is a sequence of: operation (u8), inode (u64), at (u64), length (u32), bytes; little-endian. See Operation for what each means.
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <mutex>
#include <string>
#include <string_view>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

namespace {

enum class Operation : std::uint8_t {
  create = 1,    ///< bytes: path
  write = 2,     ///< at: place in the file
  truncate = 3,  ///< at: new size
  sync = 4,      ///< succeeded
  rename = 5,    ///< bytes: from, a zero byte, to
  unlink = 6,    ///< bytes: path
  make_folder = 7,
  remove_folder = 8,
  link = 9,         ///< bytes: from, a zero byte, to
  sync_folder = 10  ///< bytes: path; succeeded
};

constexpr std::size_t point_name_max = 40;
constexpr std::size_t points_max = 48;

enum class AtPoint : std::uint64_t { nothing, kill, stop, take };

struct Point {
  char name[point_name_max];
  std::atomic<std::uint64_t> passed;
};

/// All numbers count from when the file was zeros; 0 where something is to happen at a number: never.
struct Control {
  std::atomic<std::uint64_t> noted;           ///< changes in the trace so far: out
  std::atomic<std::uint64_t> changes;         ///< begun so far: out
  std::atomic<std::uint64_t> syncs;           ///< begun so far: out
  std::atomic<std::uint64_t> writes;          ///< begun so far: out
  std::atomic<std::uint64_t> fail_sync_at;    ///< this sync fails with EIO, once
  std::atomic<std::uint64_t> failed_sync_ns;  ///< when it did, by CLOCK_MONOTONIC: out
  std::atomic<std::uint64_t> full_at;         ///< from this write on there is no space
  std::atomic<std::uint64_t> free_bytes;      ///< what the file system says is free; 0: the truth
  std::atomic<std::uint64_t> delay_us;        ///< of each read, write and sync
  std::atomic<std::uint64_t> kill_at_change;  ///< SIGKILL instead of this change
  char point[point_name_max];                 ///< the fault point at which `at_point` happens
  std::atomic<std::uint64_t> point_countdown;
  std::atomic<std::uint64_t> at_point;
  Point points[points_max];  ///< how often each was passed: out
};

template <class F> F next(const char* name) { return reinterpret_cast<F>(::dlsym(RTLD_NEXT, name)); }
#define REAL(function) static const auto real = next<decltype(&::function)>(#function)

std::uint64_t monotonic_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U + static_cast<std::uint64_t>(now.tv_nsec);
}

class Disk {
 public:
  static Disk& the() {
    static Disk* disk = new Disk;  // never destroyed: files are closed after everything else
    return *disk;
  }

  Control* control = nullptr;
  std::mutex mutex;  ///< held over each change and its note, so that the trace has their order

  [[nodiscard]] bool minds(std::string_view path) const {
    return control != nullptr && !root_.empty() && path.starts_with(root_) &&
           (path.size() == root_.size() || path[root_.size()] == '/');
  }
  [[nodiscard]] bool minds(int fd) const {
    return control != nullptr && fd >= 0 && fd < files_max &&
           minded_[fd].load(std::memory_order_relaxed) != 0;
  }
  [[nodiscard]] bool is_folder(int fd) const { return minded_[fd] == 2; }
  void mind(int fd, bool folder) {
    if (fd >= 0 && fd < files_max) minded_[fd] = folder ? 2 : 1;
  }
  void forget(int fd) {
    if (fd >= 0 && fd < files_max) minded_[fd] = 0;
  }

  /// Before a change: the process may end here.
  void change() {
    const std::uint64_t number = ++control->changes;
    if (number == control->kill_at_change) ::raise(SIGKILL);
  }
  void delay() const {
    const std::uint64_t us = control->delay_us;
    if (us == 0) return;
    const timespec time{static_cast<time_t>(us / 1'000'000), static_cast<long>(us % 1'000'000 * 1000)};
    ::nanosleep(&time, nullptr);
  }
  /// Counts a write; whether it is refused.
  [[nodiscard]] bool full() const {
    const std::uint64_t number = ++control->writes;
    const std::uint64_t from = control->full_at;
    return from != 0 && number >= from;
  }
  [[nodiscard]] bool sync_fails() const {
    const std::uint64_t number = ++control->syncs;
    if (number != control->fail_sync_at) return false;
    control->failed_sync_ns = monotonic_ns();
    return true;
  }

  void note(Operation operation, std::uint64_t inode, std::uint64_t at, const void* bytes, std::size_t size) {
    if (trace_ < 0) return;
    std::string out;
    out.reserve(21 + size);
    out.push_back(static_cast<char>(operation));
    out.append(reinterpret_cast<const char*>(&inode), sizeof inode);
    out.append(reinterpret_cast<const char*>(&at), sizeof at);
    const auto length = static_cast<std::uint32_t>(size);
    out.append(reinterpret_cast<const char*>(&length), sizeof length);
    out.append(static_cast<const char*>(bytes), size);
    REAL(write);
    if (real(trace_, out.data(), out.size()) != static_cast<ssize_t>(out.size())) std::abort();
    ++control->noted;
  }
  void note(Operation operation, std::string_view path, std::uint64_t inode = 0) {
    note(operation, inode, 0, path.data(), path.size());
  }

 private:
  static constexpr int files_max = 65536;

  Disk() {
    const char* root = std::getenv("PARLANCE_DISK_ROOT");
    const char* path = std::getenv("PARLANCE_DISK_CONTROL");
    if (root == nullptr || path == nullptr) return;
    const auto real_open = next<int (*)(const char*, int, ...)>("open");
    const int fd = real_open(path, O_RDWR | O_CLOEXEC);
    void* mapped = ::mmap(nullptr, sizeof(Control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (mapped == MAP_FAILED) {
      std::perror("faulty_disk: mapping $PARLANCE_DISK_CONTROL");
      std::abort();
    }
    control = static_cast<Control*>(mapped);
    root_ = root;
    if (const char* trace = std::getenv("PARLANCE_DISK_TRACE"))
      trace_ = real_open(trace, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  }

  std::string root_;
  int trace_ = -1;
  std::atomic<std::uint8_t> minded_[files_max]{};
};

std::uint64_t inode_of(int fd) {
  struct stat found {};
  return ::fstat(fd, &found) == 0 ? found.st_ino : 0;
}

/// The absolute path of one relative to a folder.
std::string path_at(int folder, const char* path) {
  if (path[0] == '/') return path;
  char base[PATH_MAX];
  char link[40];
  std::snprintf(link, sizeof link, folder == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", folder);
  const ssize_t size = ::readlink(link, base, sizeof base);
  return size < 0 ? path : std::string(base, static_cast<std::size_t>(size)) + "/" + path;
}

template <class Open> int opened(const std::string& path, int flags, const Open& open) {
  Disk& disk = Disk::the();
  if (!disk.minds(path)) return open();
  const std::lock_guard lock(disk.mutex);
  struct stat found {};
  const bool exists = ::stat(path.c_str(), &found) == 0;
  const bool creates = !exists && (flags & O_CREAT) != 0;
  if (creates || (flags & O_TRUNC) != 0) disk.change();
  if (creates && disk.full()) {
    errno = ENOSPC;
    return -1;
  }
  const int fd = open();
  if (fd < 0) return fd;
  disk.mind(fd, exists && S_ISDIR(found.st_mode));
  if (creates)
    disk.note(Operation::create, path, inode_of(fd));
  else if ((flags & O_TRUNC) != 0)
    disk.note(Operation::truncate, inode_of(fd), 0, nullptr, 0);
  return fd;
}

/// A change of the folder's tree, noted where it succeeded.
template <class Change>
int changed(const std::string& path, Operation operation, const std::string& noted, const Change& change) {
  Disk& disk = Disk::the();
  if (!disk.minds(path)) return change();
  const std::lock_guard lock(disk.mutex);
  disk.change();
  const int done = change();
  if (done == 0) disk.note(operation, noted);
  return done;
}

template <class Write>
ssize_t written(int fd, const void* bytes, std::size_t size, std::uint64_t at, const Write& write) {
  Disk& disk = Disk::the();
  disk.delay();
  const std::lock_guard lock(disk.mutex);
  disk.change();
  // The last bytes that find room are the first half of a write.
  const bool full = disk.full();
  if (full && (size < 2 || disk.control->writes != disk.control->full_at)) {
    errno = ENOSPC;
    return -1;
  }
  const ssize_t done = write(full ? size / 2 : size);
  if (done > 0) disk.note(Operation::write, inode_of(fd), at, bytes, static_cast<std::size_t>(done));
  return done;
}

template <class Sync> int synced(int fd, const Sync& sync) {
  Disk& disk = Disk::the();
  if (!disk.minds(fd)) return sync();
  disk.delay();
  const std::lock_guard lock(disk.mutex);
  disk.change();
  if (disk.sync_fails()) {
    std::fprintf(stderr, "faulty disk: a sync of %s fails\n", path_at(fd, ".").c_str());
    errno = EIO;
    return -1;
  }
  const int done = sync();
  if (done != 0) return done;
  if (disk.is_folder(fd))
    disk.note(Operation::sync_folder, path_at(fd, "."));
  else
    disk.note(Operation::sync, inode_of(fd), 0, nullptr, 0);
  return done;
}

template <class Truncate> int truncated(int fd, off_t size, const Truncate& truncate) {
  Disk& disk = Disk::the();
  if (!disk.minds(fd)) return truncate();
  const std::lock_guard lock(disk.mutex);
  disk.change();
  const int done = truncate();
  if (done == 0) disk.note(Operation::truncate, inode_of(fd), static_cast<std::uint64_t>(size), nullptr, 0);
  return done;
}

template <class Reserve> int reserved(int fd, int mode, off_t at, off_t size, const Reserve& reserve) {
  Disk& disk = Disk::the();
  if (!disk.minds(fd)) return reserve();
  const std::lock_guard lock(disk.mutex);
  const std::uint64_t from = disk.control->full_at;
  if (from != 0 && disk.control->writes >= from) {
    errno = ENOSPC;
    return -1;
  }
  const int done = reserve();
  struct stat found {};
  if (done == 0 && (mode & FALLOC_FL_KEEP_SIZE) == 0 && ::fstat(fd, &found) == 0 &&
      found.st_size == at + size)
    disk.note(Operation::truncate, found.st_ino, static_cast<std::uint64_t>(found.st_size), nullptr, 0);
  return done;
}

template <class Found> void tell_free(bool minded, Found* found) {
  const Control* control = Disk::the().control;
  if (!minded || control == nullptr) return;
  const std::uint64_t from = control->full_at;
  const std::uint64_t free = from != 0 && control->writes >= from ? 1 : control->free_bytes.load();
  if (free != 0) found->f_bavail = found->f_bfree = free / found->f_frsize;
}

mode_t mode_of(int flags, va_list words) {
  return (flags & (O_CREAT | O_TMPFILE)) != 0 ? static_cast<mode_t>(va_arg(words, int)) : 0;
}

}  // namespace

extern "C" {

#define OPEN_LIKE(name)                                                                     \
  int name(const char* path, int flags, ...) {                                              \
    va_list words;                                                                          \
    va_start(words, flags);                                                                 \
    const mode_t mode = mode_of(flags, words);                                              \
    va_end(words);                                                                          \
    REAL(name);                                                                             \
    return opened(path_at(AT_FDCWD, path), flags, [&] { return real(path, flags, mode); }); \
  }
OPEN_LIKE(open)
OPEN_LIKE(open64)
#define OPENAT_LIKE(name)                                                                         \
  int name(int folder, const char* path, int flags, ...) {                                        \
    va_list words;                                                                                \
    va_start(words, flags);                                                                       \
    const mode_t mode = mode_of(flags, words);                                                    \
    va_end(words);                                                                                \
    REAL(name);                                                                                   \
    return opened(path_at(folder, path), flags, [&] { return real(folder, path, flags, mode); }); \
  }
OPENAT_LIKE(openat)
OPENAT_LIKE(openat64)

int close(int fd) {
  REAL(close);
  Disk::the().forget(fd);
  return real(fd);
}

ssize_t write(int fd, const void* bytes, std::size_t size) {
  REAL(write);
  if (!Disk::the().minds(fd)) return real(fd, bytes, size);
  const bool append = (::fcntl(fd, F_GETFL) & O_APPEND) != 0;
  const off_t at = ::lseek(fd, 0, append ? SEEK_END : SEEK_CUR);
  return written(fd, bytes, size, static_cast<std::uint64_t>(at),
                 [&](std::size_t some) { return real(fd, bytes, some); });
}
#define PWRITE_LIKE(name)                                                        \
  ssize_t name(int fd, const void* bytes, std::size_t size, off_t at) {          \
    REAL(name);                                                                  \
    if (!Disk::the().minds(fd)) return real(fd, bytes, size, at);                \
    return written(fd, bytes, size, static_cast<std::uint64_t>(at),              \
                   [&](std::size_t some) { return real(fd, bytes, some, at); }); \
  }
PWRITE_LIKE(pwrite)
PWRITE_LIKE(pwrite64)

ssize_t read(int fd, void* bytes, std::size_t size) {
  REAL(read);
  if (Disk::the().minds(fd)) Disk::the().delay();
  return real(fd, bytes, size);
}
#define PREAD_LIKE(name)                                          \
  ssize_t name(int fd, void* bytes, std::size_t size, off_t at) { \
    REAL(name);                                                   \
    if (Disk::the().minds(fd)) Disk::the().delay();               \
    return real(fd, bytes, size, at);                             \
  }
PREAD_LIKE(pread)
PREAD_LIKE(pread64)

int fsync(int fd) {
  REAL(fsync);
  return synced(fd, [&] { return real(fd); });
}
int fdatasync(int fd) {
  REAL(fdatasync);
  return synced(fd, [&] { return real(fd); });
}

#define TRUNCATE_LIKE(name)                                     \
  int name(int fd, off_t size) noexcept {                       \
    REAL(name);                                                 \
    return truncated(fd, size, [&] { return real(fd, size); }); \
  }
TRUNCATE_LIKE(ftruncate)
TRUNCATE_LIKE(ftruncate64)
#define FALLOCATE_LIKE(name)                                                       \
  int name(int fd, int mode, off_t at, off_t size) {                               \
    REAL(name);                                                                    \
    return reserved(fd, mode, at, size, [&] { return real(fd, mode, at, size); }); \
  }
FALLOCATE_LIKE(fallocate)
FALLOCATE_LIKE(fallocate64)

int rename(const char* from, const char* to) noexcept {
  REAL(rename);
  const std::string a = path_at(AT_FDCWD, from), b = path_at(AT_FDCWD, to);
  return changed(b, Operation::rename, a + '\0' + b, [&] { return real(from, to); });
}
int link(const char* from, const char* to) noexcept {
  REAL(link);
  const std::string a = path_at(AT_FDCWD, from), b = path_at(AT_FDCWD, to);
  return changed(b, Operation::link, a + '\0' + b, [&] { return real(from, to); });
}
int unlink(const char* path) noexcept {
  REAL(unlink);
  const std::string whole = path_at(AT_FDCWD, path);
  return changed(whole, Operation::unlink, whole, [&] { return real(path); });
}
int unlinkat(int folder, const char* path, int flags) noexcept {
  REAL(unlinkat);
  const std::string whole = path_at(folder, path);
  return changed(whole, (flags & AT_REMOVEDIR) != 0 ? Operation::remove_folder : Operation::unlink, whole,
                 [&] { return real(folder, path, flags); });
}
int rmdir(const char* path) noexcept {
  REAL(rmdir);
  const std::string whole = path_at(AT_FDCWD, path);
  return changed(whole, Operation::remove_folder, whole, [&] { return real(path); });
}
int remove(const char* path) noexcept {
  struct stat found {};
  if (::lstat(path, &found) != 0) return -1;
  return S_ISDIR(found.st_mode) ? ::rmdir(path) : ::unlink(path);
}
int mkdir(const char* path, mode_t mode) noexcept {
  REAL(mkdir);
  const std::string whole = path_at(AT_FDCWD, path);
  return changed(whole, Operation::make_folder, whole, [&] { return real(path, mode); });
}

int statvfs(const char* path, struct statvfs* found) noexcept {
  REAL(statvfs);
  const int done = real(path, found);
  if (done == 0) tell_free(Disk::the().minds(path_at(AT_FDCWD, path)), found);
  return done;
}
int statvfs64(const char* path, struct statvfs64* found) noexcept {
  REAL(statvfs64);
  const int done = real(path, found);
  if (done == 0) tell_free(Disk::the().minds(path_at(AT_FDCWD, path)), found);
  return done;
}

/// Called by the program at its named places: engine/base/fault_point.h.
bool parlance_at_fault_point(const char* name) {
  Control* control = Disk::the().control;
  if (control == nullptr) return false;
  for (Point& point : control->points) {
    if (point.name[0] == '\0') {
      const std::lock_guard lock(Disk::the().mutex);
      if (point.name[0] == '\0') std::snprintf(point.name, sizeof point.name, "%s", name);
    }
    if (std::strcmp(point.name, name) != 0) continue;
    ++point.passed;
    break;
  }
  const auto what = static_cast<AtPoint>(control->at_point.load());
  if (what == AtPoint::nothing || std::strcmp(control->point, name) != 0) return false;
  if (control->point_countdown == 0 || --control->point_countdown != 0) return false;
  if (what == AtPoint::kill) ::raise(SIGKILL);
  if (what == AtPoint::stop) ::raise(SIGSTOP);
  return what == AtPoint::take;
}

}  // extern "C"
