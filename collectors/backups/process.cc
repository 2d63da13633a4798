#include "collectors/backups/process.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <system_error>
#include <thread>
#include <utility>

#include "exporter/text.h"

namespace upkeep::backups {
namespace {

// What a child says of itself if it cannot become the program.
struct Failure {
  enum Step : int { kIdentity, kDirectory, kProgram } step;
  int error_number;
};

// All that the child needs, made before there is one: it may then allocate nothing.
struct Prepared {
  explicit Prepared(const Command& to_run) : command(to_run), variables(to_run.environment) {
    words.push_back(command.name.empty() ? command.program : command.name);
    words.insert(words.end(), command.arguments.begin(), command.arguments.end());
    for (std::string& word : words) argv.push_back(word.data());
    for (std::string& variable : variables) envp.push_back(variable.data());
    argv.push_back(nullptr);
    envp.push_back(nullptr);
  }
  const Command& command;
  std::vector<std::string> words, variables;
  std::vector<char*> argv, envp;
  pid_t parent = ::getpid();
};

// Raw system calls: those of the library would ask the threads that only the parent has.
bool take_identity(const Account& account) {
  return ::syscall(SYS_setgroups, account.groups.size(), account.groups.data()) == 0 &&
         ::syscall(SYS_setresgid, account.group, account.group, account.group) == 0 &&
         ::syscall(SYS_setresuid, account.user, account.user, account.user) == 0;
}

bool take_descriptors(const Command& command) {
  const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  const std::array from = {command.in, command.out, command.err};
  std::array<int, 3> high{};
  // First all out of the way of 0, 1 and 2.
  for (std::size_t i = 0; i < from.size(); ++i) high[i] = ::fcntl(from[i] < 0 ? nothing : from[i], F_DUPFD_CLOEXEC, 3);
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (high[i] < 0 || ::dup2(high[i], static_cast<int>(i)) < 0) return false;
  }
  return ::syscall(SYS_close_range, 3U, ~0U, 1U << 2 /* CLOSE_RANGE_CLOEXEC */) == 0 || errno == ENOSYS ||
         errno == EINVAL;
}

// In the child, of a process of many threads: nothing here may lock or allocate.
Failure become(const Prepared& prepared) {
  const Command& command = prepared.command;
  ::setsid();
  ::umask(077);
  for (int signal : {SIGPIPE, SIGTERM, SIGINT, SIGHUP, SIGCHLD, SIGQUIT}) ::signal(signal, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (command.account && !take_identity(*command.account)) return {Failure::kIdentity, errno};
  if (::chdir(command.directory.c_str()) != 0) return {Failure::kDirectory, errno};
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  // After the identity was taken, which would have cleared it; and the parent may be gone already.
  ::prctl(PR_SET_PDEATHSIG, command.when_parent_ends);
  if (::getppid() != prepared.parent) ::_exit(127);
  if (!take_descriptors(command)) return {Failure::kProgram, errno};
  ::execve(command.program.c_str(), prepared.argv.data(), prepared.envp.data());
  return {Failure::kProgram, errno};
}

std::unexpected<Error> explain(const Failure& failure, const Command& command) {
  switch (failure.step) {
    case Failure::kIdentity:
      return system_failure(failure.error_number, "becoming the user " + command.account->name);
    case Failure::kDirectory:
      return system_failure(failure.error_number, command.account ? fmt::format("{} for the user {}", command.directory,
                                                                                command.account->name)
                                                                  : command.directory);
    case Failure::kProgram:
      break;
  }
  return system_failure(failure.error_number, command.program);
}

using Directory = std::unique_ptr<DIR, int (*)(DIR*)>;

template <class Each>
void for_each_process(const Each& each) {
  const Directory directory(::opendir("/proc"), ::closedir);
  if (!directory) return;
  while (const dirent* entry = ::readdir(directory.get())) {
    const auto pid = to_u64(static_cast<const char*>(entry->d_name));
    if (pid && *pid > 0) each(static_cast<pid_t>(*pid));
  }
}

// The processes whose parent this is.
std::vector<pid_t> children() {
  std::vector<pid_t> found;
  const pid_t self = ::getpid();
  for_each_process([&](pid_t pid) {
    const Handle file(::open(fmt::format("/proc/{}/stat", pid).c_str(), O_RDONLY | O_CLOEXEC));
    std::array<char, 1024> text{};
    const ssize_t size = file.is_open() ? ::read(file.get(), text.data(), text.size()) : 0;
    const std::string_view stat(text.data(), static_cast<std::size_t>(size > 0 ? size : 0));
    const std::size_t name_end = stat.rfind(')');
    if (name_end == std::string_view::npos) return;
    Words words(stat.substr(name_end + 1));
    words.next();  // its state
    if (to_i64(words.next()) == self) found.push_back(pid);
  });
  return found;
}

constexpr int kMomentMilliseconds = 20;
constexpr int kMomentsToEnd = 500;  // 10 s

}  // namespace

Handle& Handle::operator=(Handle&& other) noexcept {
  if (this != &other) {
    close();
    fd_ = other.release();
  }
  return *this;
}

int Handle::release() { return std::exchange(fd_, -1); }

void Handle::close() {
  if (fd_ >= 0) ::close(release());
}

Result<Pipe> make_pipe(bool we_read) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return system_failure(errno, "a pipe");
  Pipe pipe{Handle(ends[0]), Handle(ends[1])};
  if (::fcntl(we_read ? ends[0] : ends[1], F_SETFL, O_NONBLOCK) != 0) return system_failure(errno, "a pipe");
  return pipe;
}

Result<Account> find_account(const std::string& name) {
  std::vector<char> storage(std::size_t{64} << 10);
  passwd entry{};
  passwd* found = nullptr;
  const int error_number = ::getpwnam_r(name.c_str(), &entry, storage.data(), storage.size(), &found);
  if (found == nullptr)
    return error_number == 0 ? fail(ErrorCode::kNotFound, fmt::format("there is no user '{}'", name))
                             : system_failure(error_number, fmt::format("the user '{}'", name));
  Account account{.name = name, .user = entry.pw_uid, .group = entry.pw_gid, .groups = std::vector<gid_t>(256)};
  int count = static_cast<int>(account.groups.size());
  if (::getgrouplist(name.c_str(), entry.pw_gid, account.groups.data(), &count) < 0) count = 0;
  account.groups.resize(static_cast<std::size_t>(count));
  return account;
}

Result<Process> Process::start(const Command& command) {
  UPKEEP_TRY(Pipe trouble, make_pipe(false));
  const Prepared prepared(command);
  const pid_t pid = ::fork();
  if (pid < 0) return system_failure(errno, command.program);
  if (pid == 0) {
    const Failure failure = become(prepared);
    (void)!::write(trouble.writer.get(), &failure, sizeof failure);
    ::_exit(127);
  }
  trouble.writer.close();
  Failure failure{};
  ssize_t got = 0;
  do {
    got = ::read(trouble.reader.get(), &failure, sizeof failure);  // ends when the child has become the program
  } while (got < 0 && errno == EINTR);
  Process process(pid);
  if (got == sizeof failure) return explain(failure, command);
  return process;
}

Process::~Process() {
  if (pid_ < 0 || ended()) return;
  ::kill(pid_, SIGKILL);
  for (int i = 0; i < kMomentsToEnd && !ended(); ++i) rest_a_moment();
}

std::optional<int> Process::ended() {
  if (status_ || pid_ < 0) return status_;
  int status = 0;
  const pid_t got = ::waitpid(pid_, &status, WNOHANG);
  if (got == pid_) status_ = status;
  if (got < 0 && errno == ECHILD) status_ = SIGKILL;  // somebody else took it
  return status_;
}

void Process::signal(int number) {
  if (pid_ > 0 && !ended()) ::kill(pid_, number);
}

void Process::abandon() {
  if (pid_ < 0 || ended()) return;
  try {
    std::thread([pid = pid_] {
      int status = 0;
      while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
      }
    }).detach();
  } catch (const std::system_error&) {  // then it stays in the table of processes until we end
  }
  pid_ = -1;
}

std::string describe_status(int status) {
  return WIFSIGNALED(status) ? fmt::format("signal {}", WTERMSIG(status))
                             : fmt::format("exit status {}", WEXITSTATUS(status));
}

void become_supervisor() {
  constexpr int kProcess = 1, kIdle = 3 << 13;  // IOPRIO_WHO_PROCESS, IOPRIO_PRIO_VALUE(IOPRIO_CLASS_IDLE, 0)
  ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  ::setpriority(PRIO_PROCESS, 0, 19);
  ::syscall(SYS_ioprio_set, kProcess, 0, kIdle);
  const Handle file(::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC));
  if (file.is_open()) (void)!::write(file.get(), "1000", 4);
}

bool end_all_children() {
  for (int i = 0; i < kMomentsToEnd; ++i) {
    for (const pid_t pid : children()) ::kill(pid, SIGKILL);
    for (;;) {
      const pid_t got = ::waitpid(-1, nullptr, WNOHANG);
      if (got < 0 && errno == ECHILD) return true;
      if (got <= 0) break;
    }
    rest_a_moment();
  }
  return false;
}

std::vector<pid_t> processes_in(const std::string& directory) {
  std::vector<pid_t> found;
  for_each_process([&](pid_t pid) {
    std::array<char, 4096> target{};
    const ssize_t size = ::readlink(fmt::format("/proc/{}/cwd", pid).c_str(), target.data(), target.size());
    if (size <= 0) return;
    const std::string_view cwd(target.data(), static_cast<std::size_t>(size));
    const bool inside = cwd.starts_with(directory) && (cwd.size() == directory.size() || cwd[directory.size()] == '/');
    if (inside && pid != ::getpid()) found.push_back(pid);
  });
  return found;
}

bool end_processes_in(const std::string& directory) {
  for (int i = 0; i < kMomentsToEnd; ++i) {
    const auto found = processes_in(directory);
    if (found.empty()) return true;
    for (const pid_t pid : found) ::kill(pid, SIGKILL);
    rest_a_moment();
  }
  return false;
}

std::vector<std::string> own_command_line() {
  std::vector<std::string> words;
  const Handle file(::open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC));
  std::string text;
  std::array<char, 4096> block{};
  for (ssize_t got = 0; file.is_open() && (got = ::read(file.get(), block.data(), block.size())) > 0;)
    text.append(block.data(), static_cast<std::size_t>(got));
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\0', at), text.size());
    words.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

void rest_a_moment() { ::poll(nullptr, 0, kMomentMilliseconds); }

}  // namespace upkeep::backups
