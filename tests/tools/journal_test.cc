#include <csignal>
#include <exception>
#include <fcntl.h>
#include <new>
#include <stdexcept>
#include <string>
#include <sys/wait.h>
#include <type_traits>
#include <unistd.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <doctest/doctest.h>

#include "adapters/embedded/system.h"
#include "engine/base/assert.h"
#include "engine/domain/personal.h"
#include "engine/domain/subject.h"
#include "tools/parlance/journal_writer.h"

using namespace parlance;
using namespace parlance::tools;

namespace {

template <class T> constexpr bool is_written = std::is_constructible_v<JournalValue, T>;
static_assert(is_written<ConversationId> && is_written<Instant> && is_written<Position> &&
              is_written<std::size_t> && is_written<int> && is_written<bool> && is_written<double> &&
              is_written<Literal> && is_written<MachineText> && is_written<std::filesystem::path>);
// What somebody sent comes as one of these, and none of them is written.
static_assert(!is_written<std::string> && !is_written<std::string&> && !is_written<const std::string&> &&
              !is_written<std::string_view> && !is_written<const char*> && !is_written<char*>);
static_assert(!is_written<Personal<std::string>> && !is_written<const Personal<Identity>&> &&
              !is_written<Identity> && !is_written<Error>);
static_assert(!std::is_constructible_v<Literal, std::string> &&
              !std::is_constructible_v<Literal, const char*>);

struct Pipe {
  Pipe() { REQUIRE(::pipe2(ends, O_CLOEXEC) == 0); }
  ~Pipe() {
    ::close(ends[0]);
    ::close(ends[1]);
  }
  int ends[2]{};
  std::string read_some() {
    std::string out(1 << 20, '\0');
    const ssize_t came = ::read(ends[0], out.data(), out.size());
    out.resize(came > 0 ? static_cast<std::size_t>(came) : 0);
    return out;
  }
};

void throw_a_name() { throw std::runtime_error("ada@example.com"); }
void throw_for_memory() { throw std::bad_alloc(); }

constexpr Instant at{1'764'000'000'123};

}  // namespace

TEST_CASE("a line is one object, in the order of its parts, whatever a library said") {
  const std::string line =
      journal_line(true, at, JournalLevel::warn, "views.not_stored", "rows \"stay\" in memory",
                   {{"rule", Literal::of_ours("rows.no_space")},
                    {"detail", MachineText{"No space\nleft: \"/d\"\x1b[31m \xff"}},
                    {"partition", PartitionId{3}},
                    {"whole", true},
                    {"seconds", 0.5}});
  CHECK(line.back() == '\n');
  CHECK(line.find('\n') == line.size() - 1);
  CHECK(line.find('\x1b') == std::string::npos);
  CHECK(line.starts_with(R"({"time":"2025-11-24T16:00:00.123Z","level":"warn","event":"views.not_stored",)"));
  const std::string text = journal_line(false, at, JournalLevel::warn, "views.not_stored", "rows stay",
                                        {{"rule", Literal("rows.no_space")}, {"detail", MachineText{"a b"}}});
  CHECK(text ==
        "2025-11-24T16:00:00.123Z warn  views.not_stored: rows stay rule=rows.no_space detail=\"a b\"\n");
}

TEST_CASE("a field is bounded") {
  const std::string line = journal_line(true, at, JournalLevel::error, "x.y", "z",
                                        {{"detail", MachineText{std::string(100'000, 'x')}}});
  CHECK(line.size() < journal_field_bytes_max + 200);
}

TEST_CASE("an error that quotes somebody is written without its detail") {
  CHECK(machine_text(invalid("id.malformed", "ada@example.com")).text.empty());
  CHECK(machine_text(refused("conversation.closed", "ada@example.com")).text.empty());
  CHECK(machine_text(Error{Errc::not_found, "x", "ada@example.com"}).text.empty());
  CHECK(machine_text(unavailable("rows.io", "/data: EIO")).text == "/data: EIO");
}

TEST_CASE("what is below the level is not written, and the last words are written at once") {
  Pipe pipe;
  SystemClock clock;
  JournalWriter journal({JournalFormat::text, JournalLevel::warn, pipe.ends[1]}, clock);
  CHECK_FALSE(journal.takes(JournalLevel::info));
  journal.say(JournalLevel::info, "a.b", "not this");
  journal.say(JournalLevel::warn, "a.b", "but this");
  journal.say_last("c.d", "and this");
  const std::string text = pipe.read_some();
  CHECK(text.find("not this") == std::string::npos);
  CHECK(text.find("but this") < text.find("and this"));
}

TEST_CASE("a reader that does not read stops nobody, and what is left out is counted") {
  Pipe pipe;
  SystemClock clock;
  std::uint64_t lost = 0;
  {
    JournalWriter journal({JournalFormat::json, JournalLevel::info, pipe.ends[1]}, clock);
    for (int i = 0; i < 20'000; ++i) journal.say(JournalLevel::info, "a.b", "one of many", {{"number", i}});
    lost = journal.lost();
    CHECK(lost > 0);
    CHECK(journal.waiting() <= journal_lines_max);
  }
  CHECK(pipe.read_some().size() > 1000);
}

TEST_CASE("the last words of a process that breaks are a line of the journal, with what did not hold") {
  const auto words_of = [](void (*breaks)()) {
    Pipe pipe;
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      ::signal(SIGABRT, SIG_DFL);  // not as the test's own crash
      SystemClock clock;
      JournalWriter journal({JournalFormat::json, JournalLevel::info, pipe.ends[1]}, clock);
      const LastWords last(journal);
      breaks();
      ::_exit(0);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == SIGABRT);
    return boost::json::parse(pipe.read_some()).as_object();
  };
  const auto broken = words_of([] { PARLANCE_ASSERT(1 + 1 == 3, "sums are what they were"); });
  CHECK(broken.at("event") == "process.broken");
  CHECK(broken.at("level") == "error");
  CHECK(broken.at("invariant") == "sums are what they were");
  CHECK(broken.at("condition") == "1 + 1 == 3");
  CHECK(broken.at("line").as_int64() > 0);
  // An exception is named by its type; what it says may quote somebody.
  const auto thrown = words_of([]() noexcept { throw_a_name(); });
  CHECK(boost::json::serialize(thrown.at("condition")).find("runtime_error") != std::string::npos);
  CHECK(boost::json::serialize(thrown).find("ada@") == std::string::npos);
}

TEST_CASE("want of memory is no broken invariant: it is left to the handler that was there before") {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    std::set_terminate([] { ::_exit(7); });
    SystemClock clock;
    Pipe pipe;
    JournalWriter journal({JournalFormat::json, JournalLevel::info, pipe.ends[1]}, clock);
    const LastWords last(journal);
    []() noexcept { throw_for_memory(); }();
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 7);
}
