// The main of every test binary: doctest's own.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#if defined(__SANITIZE_THREAD__)
/// Debian's RocksDB is not built for ThreadSanitizer, which therefore sees its memtables written and read but not what orders the two.
extern "C" const char* __tsan_default_suppressions() { return "race:rocksdb::\n"; }
#endif
