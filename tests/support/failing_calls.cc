#include "tests/support/failing_calls.h"

#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstddef>
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <string_view>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/// These stand in the test's program itself, before the libraries', and so are called by all of it.
namespace parlance::tests {
namespace {

struct Plan {
  std::atomic<int> calls_until{0};  ///< 0 or less: none fails
  int error = 0;
  std::string_view name;  ///< empty: whichever
  std::atomic<const char*> came{nullptr};

  bool fails(const char* call) {
    if (calls_until <= 0 || (!name.empty() && name != call) || --calls_until != 0) return false;
    came = call;
    errno = error;
    return true;
  }
  void begin(int n, int failed, std::string_view of) {
    name = of;
    error = failed;
    came = nullptr;
    calls_until = n;
  }
};
thread_local Plan mine;
Plan everybodys;

[[maybe_unused]] bool fails(const char* name) { return mine.fails(name) || everybodys.fails(name); }

template <class F> [[maybe_unused]] F real(const char* name) {
  return reinterpret_cast<F>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

FailingCall::FailingCall(int n, int error) { mine.begin(n, error, {}); }
FailingCall::FailingCall(std::string name, int n, int error) : name_(std::move(name)) {
  everybodys.begin(n, error, name_);
}
FailingCall::~FailingCall() { (name_.empty() ? mine : everybodys).calls_until = 0; }
std::string FailingCall::came() const {
  const char* const call = (name_.empty() ? mine : everybodys).came;
  return call == nullptr ? "" : call;
}

}  // namespace parlance::tests

#ifndef __SANITIZE_THREAD__

using parlance::tests::fails;

// Names that the system's headers may declare otherwise, or not at all, are given by hand.
#define CALL(result, on_failure, name, parameters, arguments, quiet)             \
  extern "C" result failing_##name parameters quiet asm(#name);                  \
  extern "C" result failing_##name parameters quiet {                            \
    static const auto call = parlance::tests::real<result(*) parameters>(#name); \
    if (fails(#name)) return on_failure;                                         \
    return call arguments;                                                       \
  }

CALL(ssize_t, -1, read, (int fd, void* to, std::size_t size), (fd, to, size), )
CALL(ssize_t, -1, pread, (int fd, void* to, std::size_t size, off_t at), (fd, to, size, at), )
CALL(ssize_t, -1, pread64, (int fd, void* to, std::size_t size, off_t at), (fd, to, size, at), )
CALL(ssize_t, -1, write, (int fd, const void* from, std::size_t size), (fd, from, size), )
CALL(ssize_t, -1, pwrite, (int fd, const void* from, std::size_t size, off_t at), (fd, from, size, at), )
CALL(ssize_t, -1, pwrite64, (int fd, const void* from, std::size_t size, off_t at), (fd, from, size, at), )
CALL(int, -1, fsync, (int fd), (fd), )
CALL(int, -1, fdatasync, (int fd), (fd), )
CALL(int, -1, rename, (const char* from, const char* to), (from, to), noexcept)
CALL(int, -1, link, (const char* from, const char* to), (from, to), noexcept)
CALL(int, -1, unlink, (const char* path), (path), noexcept)
CALL(int, -1, remove, (const char* path), (path), noexcept)
CALL(int, -1, mkdir, (const char* path, mode_t mode), (path, mode), noexcept)
CALL(int, -1, fchmodat, (int folder, const char* path, mode_t mode, int flags), (folder, path, mode, flags),
     noexcept)
CALL(int, -1, fstat, (int fd, struct stat* found), (fd, found), noexcept)
CALL(int, -1, fstat64, (int fd, struct stat* found), (fd, found), noexcept)
CALL(int, -1, stat, (const char* path, struct stat* found), (path, found), noexcept)
CALL(int, -1, stat64, (const char* path, struct stat* found), (path, found), noexcept)
CALL(int, -1, lstat, (const char* path, struct stat* found), (path, found), noexcept)
CALL(int, -1, lstat64, (const char* path, struct stat* found), (path, found), noexcept)
CALL(int, -1, ftruncate, (int fd, off_t size), (fd, size), noexcept)
CALL(int, -1, flock, (int fd, int how), (fd, how), noexcept)
CALL(DIR*, nullptr, opendir, (const char* path), (path), )
CALL(struct dirent*, nullptr, readdir, (DIR * folder), (folder), )
CALL(struct dirent*, nullptr, readdir64, (DIR * folder), (folder), )
CALL(void*, MAP_FAILED, mmap, (void* at, std::size_t size, int use, int how, int fd, off_t from),
     (at, size, use, how, fd, from), noexcept)
CALL(int, -1, statvfs, (const char* path, struct statvfs* found), (path, found), noexcept)
CALL(int, -1, mlock, (const void* at, std::size_t size), (at, size), noexcept)

#define OPEN(name)                                                                         \
  extern "C" int failing_##name(const char* path, int flags, ...) asm(#name);              \
  extern "C" int failing_##name(const char* path, int flags, ...) {                        \
    static const auto call = parlance::tests::real<int (*)(const char*, int, ...)>(#name); \
    va_list more;                                                                          \
    va_start(more, flags);                                                                 \
    const int mode = (flags & O_CREAT) != 0 ? va_arg(more, int) : 0;                       \
    va_end(more);                                                                          \
    return fails(#name) ? -1 : call(path, flags, mode);                                    \
  }
OPEN(open)
OPEN(open64)

extern "C" int failing_close(int fd) asm("close");
extern "C" int failing_close(int fd) {
  static const auto call = parlance::tests::real<int (*)(int)>("close");
  const int closed = call(fd);
  return fails("close") ? -1 : closed;
}

#endif
