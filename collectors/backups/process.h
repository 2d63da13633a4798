// The one place that runs programs: those of Postgres, as whom they shall run, and how they all end. A drill needs
// them; nothing that is published on a scrape does.
#pragma once

#include <sys/types.h>

#include <csignal>
#include <optional>
#include <string>
#include <vector>

#include "exporter/result.h"

namespace upkeep::backups {

// Closed when it goes.
class Handle {
 public:
  explicit Handle(int fd = -1) : fd_(fd) {}
  ~Handle() { close(); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  Handle(Handle&& other) noexcept : fd_(other.release()) {}
  Handle& operator=(Handle&& other) noexcept;
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool is_open() const { return fd_ >= 0; }
  int release();
  void close();

 private:
  int fd_;
};

// Both ends are closed on exec; ours, whichever it is, does not block.
struct Pipe {
  Handle reader, writer;
};
Result<Pipe> make_pipe(bool we_read);

// Somebody that programs can run as.
struct Account {
  std::string name;
  uid_t user = 0;
  gid_t group = 0;
  std::vector<gid_t> groups;
};
Result<Account> find_account(const std::string& name);

struct Command {
  std::string program;                 // its path
  std::vector<std::string> arguments;  // after its name
  std::vector<std::string> environment;
  std::string directory = "/";
  std::optional<Account> account = {};  // none: as we are
  int in = -1, out = -1, err = -1;      // -1: /dev/null
  int when_parent_ends = SIGKILL;       // the signal it then gets
  std::string name = {};                // what it calls itself; empty: as `program`
};

// A program that runs, in a session of its own. Killed when it goes.
class Process {
 public:
  static Result<Process> start(const Command& command);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  Process(Process&& other) noexcept : pid_(other.pid_), status_(other.status_) { other.pid_ = -1; }
  Process& operator=(Process&& other) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  // How it ended, as wait() says; nothing while it runs.
  std::optional<int> ended();
  void signal(int number);
  // Leaves it to itself; a thread waits for its end.
  void abandon();

 private:
  explicit Process(pid_t pid) : pid_(pid) {}
  pid_t pid_;  // -1: none
  std::optional<int> status_;
};

// "exit status 3", "signal 9".
std::string describe_status(int status);

// From now on this process, and all it starts, come last for CPU and disk and first when memory runs out; what its
// children leave behind becomes its own child.
void become_supervisor();
// Ends every child and what they leave behind. False: some do not end.
bool end_all_children();
// Processes whose working directory lies in `directory`.
std::vector<pid_t> processes_in(const std::string& directory);
// Kills them. False: some do not end.
bool end_processes_in(const std::string& directory);

// The words that started this process.
std::vector<std::string> own_command_line();

// Waits a little for something to be polled, which is what whoever waits for a process does.
void rest_a_moment();

}  // namespace upkeep::backups
