// add_golden FILE adds to the golden corpus those samples that it does not hold yet, as this program writes them. It changes
// no entry that is there.
#include <fstream>
#include <iostream>

#include "engine/base/hash.h"
#include "tests/schemas/golden_file.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: add_golden FILE\n";
    return 2;
  }
  const auto golden = parlance::tests::read_golden(argv[1]);
  if (!golden) {
    std::cerr << argv[1] << ": " << golden.error().rule << ": " << golden.error().detail << '\n';
    return 1;
  }
  std::ofstream out(argv[1], std::ios::app);
  for (const auto& [name, bytes] : parlance::tests::encoded_samples()) {
    if (golden->contains(name)) continue;
    out << name << ' ' << parlance::to_hex(bytes) << '\n';
    std::cout << "added " << name << '\n';
  }
  return 0;
}
