#include "collectors/backups/process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>

#include "collectors/backups/guard.h"
#include "collectors/backups/run.h"
#include "exporter/clock.h"
#include "tests/support/temporary_directory.h"

namespace upkeep::backups {
namespace {

using namespace std::chrono_literals;

Command shell(std::string script) {
  return {.program = "/bin/sh", .arguments = {"-c", std::move(script)}, .environment = {"PATH=/usr/bin:/bin", "A=b"}};
}

// What it says, and how it ends.
Output say(Command command, std::string_view input = "", Clock::duration patience = 30s) {
  const SystemClock clock;
  Guard guard(clock, patience);
  auto done = run(std::move(command), input, guard);
  return done ? *std::move(done)
              : Output{-1, "", std::string(to_string(done.error().reason)) + ": " + done.error().message};
}

template <class Condition>
bool soon(const Condition& condition) {
  for (int i = 0; i < 1000 && !condition(); ++i) rest_a_moment();
  return condition();
}

TEST(Process, SaysWhatItSaysAndHowItEnds) {
  const Output good = say(shell("cat; echo $A; echo no >&2; exit 3"), "some input\n");
  EXPECT_EQ(good.out, "some input\nb\n");
  EXPECT_EQ(good.err, "no\n");
  EXPECT_EQ(describe_status(good.status), "exit status 3");
  EXPECT_EQ(describe_status(say(shell("kill -9 $$")).status), "signal 9");
}

TEST(Process, TakesAnyAmountAndKeepsABoundedOne) {
  const std::string input(3'000'000, 'x');
  EXPECT_EQ(say(shell("cat"), input).out, input);
  EXPECT_EQ(say(shell("head -c 1000000 /dev/zero >&2; head -c 20000000 /dev/zero")).out.size(), 16U << 20);
  EXPECT_EQ(say(shell("head -c 1; exit 0"), input).out, "x");  // does not read the rest
}

TEST(Process, SaysWhyItDoesNotStart) {
  EXPECT_EQ(say({.program = "/nonexistent/psql"}).err, "no_programs: /nonexistent/psql: No such file or directory");
  Command command = shell("true");
  command.directory = "/nonexistent";
  EXPECT_EQ(say(command).err, "no_programs: /nonexistent: No such file or directory");
  EXPECT_EQ(say({.program = "/dev/null"}).err, "other: /dev/null: Permission denied");
}

TEST(Process, HasNoDescriptorsButItsOwn) {
  const Handle file(::open("/dev/null", O_RDONLY));  // not closed on exec
  EXPECT_EQ(say(shell("ls /proc/$$/fd")).out, "0\n1\n2\n");
}

TEST(Process, IsAskedToEndInTime) { EXPECT_EQ(say(shell("sleep 600"), "", 100ms).err, "timeout: not done within 0 s"); }

TEST(Process, RunsAsSomebodyElse) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can";
  Command command = shell("id -un; id -G | wc -w");
  const auto nobody = find_account("nobody");
  ASSERT_TRUE(nobody) << nobody.error().message;
  command.account = *nobody;
  EXPECT_EQ(say(command).out, "nobody\n1\n");
  const testing::TemporaryDirectory secret;  // 0700
  command.directory = secret.path();
  EXPECT_EQ(say(command).err, "other: " + secret.path().string() + " for the user nobody: Permission denied");
  EXPECT_EQ(find_account("no such user").error().message, "there is no user 'no such user'");
}

TEST(Process, ChildrenAndWhatTheyLeaveBehindAreFoundAndEnded) {
  // In a process of its own: the tests of others have children, too.
  const testing::TemporaryDirectory here;
  Command command = shell("setsid sleep 600 & setsid sleep 600 & exec sleep 600");
  command.directory = here.path();
  auto process = Process::start(command);
  ASSERT_TRUE(process) << process.error().message;
  EXPECT_TRUE(soon([&] { return processes_in(here.path()).size() == 3; }));
  EXPECT_TRUE(end_processes_in(here.path()));
  EXPECT_TRUE(processes_in(here.path()).empty());
  EXPECT_TRUE(soon([&] { return process->ended().has_value(); }));
  EXPECT_EQ(describe_status(*process->ended()), "signal 9");
}

TEST(Process, IsKilledWhenItGoes) {
  pid_t pid = 0;
  {
    const auto process = Process::start(shell("trap '' TERM; sleep 600 & wait"));
    ASSERT_TRUE(process);
    pid = process->pid();
  }
  EXPECT_NE(::kill(pid, 0), 0);
}

TEST(Process, TheWordsThatStartedUs) {
  const auto words = own_command_line();
  ASSERT_FALSE(words.empty());
  EXPECT_NE(words.front().find("upkeep_unit_tests"), std::string::npos) << words.front();
}

TEST(Run, TheLineThatSaysMost) {
  EXPECT_EQ(complaint(""), "");
  EXPECT_EQ(complaint("NOTICE:  a\npsql:<stdin>:3: ERROR:  no \"t\"\nLINE 1: x\nERROR: later\n"),
            "psql:<stdin>:3: ERROR:  no \"t\"");
  EXPECT_EQ(complaint("pg_restore: error: unsupported version (1.99) in file header\n"),
            "unsupported version (1.99) in file header");
  EXPECT_EQ(complaint("one\n\n  two  \n\n"), "two");
  EXPECT_EQ(complaint(std::string(10'000, 'x')).size(), 500u);
}

}  // namespace
}  // namespace upkeep::backups
