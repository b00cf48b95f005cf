// Runs a fuzz target once over files and folders of files, where libFuzzer is not at hand: the corpus as a test. Then each input again
// with its first allocation failing, its second, and so on until none fails any more: whatever the target calls must end in a clean
// error or in std::bad_alloc, leave nothing behind (the sanitizer of addresses looks), and work as before afterwards.
//
// What fails is operator new, on the target's thread. Of an input with very many allocations not every one is tried: the first dense_max
// are, and then ever fewer.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <new>
#include <string>
#include <vector>

#include "tests/support/memory_holds.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

constexpr std::uint64_t dense_max = 48;
constexpr std::uint64_t then_one_in = 6;           ///< steps grow with the number by this part of it
constexpr std::size_t failing_bytes_max = 20'000;  ///< of an input that is tried with failing allocations
constexpr auto failing_time_max = std::chrono::seconds(3);  ///< in all; what is left is run once only

thread_local std::uint64_t fails_in = 0;  ///< 0: none fails
thread_local bool failed = false;
thread_local bool holds_now = false;

void* allocate(std::size_t bytes, std::size_t alignment) {
  if (fails_in > 0 && !holds_now && --fails_in == 0) {
    failed = true;
    return nullptr;
  }
  bytes = std::max<std::size_t>(bytes, 1);
  return alignment == 0 ? std::malloc(bytes)
                        : std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
}
void* allocate_or_throw(std::size_t bytes, std::size_t alignment) {
  void* const out = allocate(bytes, alignment);
  if (out == nullptr) throw std::bad_alloc();
  return out;
}

}  // namespace

extern "C" void parlance_memory_holds(bool holds) { holds_now = holds; }

void* operator new(std::size_t bytes) { return allocate_or_throw(bytes, 0); }
void* operator new[](std::size_t bytes) { return allocate_or_throw(bytes, 0); }
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept { return allocate(bytes, 0); }
void* operator new[](std::size_t bytes, const std::nothrow_t&) noexcept { return allocate(bytes, 0); }
void* operator new(std::size_t bytes, std::align_val_t a) {
  return allocate_or_throw(bytes, static_cast<std::size_t>(a));
}
void* operator new[](std::size_t bytes, std::align_val_t a) {
  return allocate_or_throw(bytes, static_cast<std::size_t>(a));
}
void operator delete(void* p) noexcept { std::free(p); }
void operator delete[](void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }
void operator delete[](void* p, std::size_t) noexcept { std::free(p); }
void operator delete(void* p, const std::nothrow_t&) noexcept { std::free(p); }
void operator delete[](void* p, const std::nothrow_t&) noexcept { std::free(p); }
void operator delete(void* p, std::align_val_t) noexcept { std::free(p); }
void operator delete[](void* p, std::align_val_t) noexcept { std::free(p); }
void operator delete(void* p, std::size_t, std::align_val_t) noexcept { std::free(p); }
void operator delete[](void* p, std::size_t, std::align_val_t) noexcept { std::free(p); }

namespace {

using Input = std::vector<std::uint8_t>;

std::vector<std::filesystem::path> inputs_of(int argc, char** argv) {
  std::vector<std::filesystem::path> out;
  for (int i = 1; i < argc; ++i) {
    if (!std::filesystem::is_directory(argv[i])) {
      out.emplace_back(argv[i]);
      continue;
    }
    for (const auto& entry : std::filesystem::recursive_directory_iterator(argv[i]))
      if (entry.is_regular_file()) out.push_back(entry.path());
  }
  std::ranges::sort(out);
  return out;
}
Input read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Whether an allocation failed.
bool run_failing(const Input& input, std::uint64_t at) {
  failed = false;
  try {
    fails_in = at;
    (void)LLVMFuzzerTestOneInput(input.data(), input.size());
    fails_in = 0;
  } catch (const std::bad_alloc&) {
    fails_in = 0;
  }
  return failed;
}

}  // namespace

int main(int argc, char** argv) {
  const auto paths = inputs_of(argc, argv);
  for (const auto& path : paths) {
    const Input input = read(path);
    (void)LLVMFuzzerTestOneInput(input.data(), input.size());
  }
  std::uint64_t failures = 0;
  const auto until = std::chrono::steady_clock::now() + failing_time_max;
  for (const auto& path : paths) {
    const Input input = read(path);
    if (input.size() > failing_bytes_max) continue;
    for (std::uint64_t at = 1; std::chrono::steady_clock::now() < until;
         at += 1 + (at > dense_max ? at / then_one_in : 0)) {
      if (!run_failing(input, at)) break;
      ++failures;
    }
    (void)LLVMFuzzerTestOneInput(input.data(), input.size());
  }
  std::cout << paths.size() << " inputs, " << failures << " failed allocations\n";
  return paths.empty();  // An empty corpus is a path that went wrong.
}
