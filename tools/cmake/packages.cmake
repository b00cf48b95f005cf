# Every library we use, by the name that modules link. All come from Debian 12; tools/lib/packages.txt is the list
# that tools/run and tools/test install.

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS json url)  # Boost::headers (Asio, Beast), Boost::json, Boost::url
find_package(CURL REQUIRED)                            # CURL::libcurl
find_package(FlatBuffers REQUIRED)                     # flatbuffers::flatbuffers, flatbuffers::flatc
find_package(date REQUIRED)                            # date::date-tz, over the system's time-zone data
find_package(prometheus-cpp REQUIRED)                  # prometheus-cpp::core alone: the text format
find_package(RocksDB REQUIRED)                         # RocksDB::rocksdb is the static one; brings zstd::zstd
pkg_check_modules(sodium REQUIRED IMPORTED_TARGET libsodium)   # PkgConfig::sodium
pkg_check_modules(icu_uc REQUIRED IMPORTED_TARGET icu-uc)      # PkgConfig::icu_uc
pkg_check_modules(libdeflate REQUIRED IMPORTED_TARGET libdeflate)  # PkgConfig::libdeflate
pkg_check_modules(libsystemd REQUIRED IMPORTED_TARGET libsystemd)  # PkgConfig::libsystemd
pkg_check_modules(tomlplusplus REQUIRED IMPORTED_TARGET tomlplusplus)  # PkgConfig::tomlplusplus
pkg_check_modules(gumbo REQUIRED IMPORTED_TARGET gumbo)        # PkgConfig::gumbo
pkg_check_modules(jemalloc REQUIRED IMPORTED_TARGET jemalloc)  # PkgConfig::jemalloc
pkg_check_modules(xxhash REQUIRED IMPORTED_TARGET libxxhash)   # PkgConfig::xxhash
pkg_check_modules(rdkafka REQUIRED IMPORTED_TARGET rdkafka)    # PkgConfig::rdkafka

if(BUILD_TESTING)
  find_package(doctest REQUIRED)  # doctest::doctest
endif()
