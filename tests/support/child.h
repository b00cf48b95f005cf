#pragma once
#include <string>
#include <vector>

namespace parlance::tests {

/// A program run beside the test, its output readable line by line. Killed at the end if it still runs.
class Child {
 public:
  explicit Child(const std::vector<std::string>& command);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  /// False at the end of the output. A last line without a line feed does not count.
  [[nodiscard]] bool read_line(std::string& line);
  /// SIGKILL.
  void kill();
  /// Closes its standard input, waits for its end, and returns the exit code, or minus the signal's number.
  int wait();

 private:
  int pid_ = -1;
  int in_ = -1;
  int out_ = -1;
  std::string buffer_;
};

}  // namespace parlance::tests
