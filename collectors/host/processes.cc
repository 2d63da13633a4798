// How many processes and threads there are, and in which states.
// https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
//   11206 (cat) R 11204 11206 11204 34817 11206 4194304 ... 20 0 1 0 3053209 ...
#include <fmt/format.h>

#include <array>
#include <vector>

#include "collectors/all.h"
#include "exporter/filesystem.h"
#include "exporter/text.h"

namespace upkeep {
namespace {

constexpr MetricDesc kThreads = gauge("node_processes_threads", "Threads of all processes.");
constexpr MetricDesc kMaxThreads = gauge("node_processes_max_threads", "Limit of threads.");
constexpr MetricDesc kState = gauge("node_processes_state", "Processes by state.", {"state"});
constexpr MetricDesc kThreadsState = gauge("node_processes_threads_state", "Threads by state.", {"thread_state"});
constexpr MetricDesc kPids = gauge("node_processes_pids", "Processes.");
constexpr MetricDesc kMaxPids = gauge("node_processes_max_processes", "Limit of process ids.");
constexpr const MetricDesc* kMetrics[] = {&kThreads, &kMaxThreads, &kState, &kThreadsState, &kPids, &kMaxPids};

struct Stat {
  char state = 0;
  std::uint64_t threads = 0;
};

Result<Stat> parse(std::string_view text) {
  const std::size_t end_of_name = text.rfind(')');  // the name may hold brackets too
  if (end_of_name == std::string_view::npos) return fail(ErrorCode::kParse, "name in brackets expected");
  Words words(text.substr(end_of_name + 1));
  const std::string_view state = words.next();
  if (state.size() != 1 || !naming::is_letter(state[0])) return fail(ErrorCode::kParse, "state expected");
  for (int field = 4; field < 20; ++field) words.next();
  const auto threads = to_u64(words.next());
  if (!threads) return fail(ErrorCode::kParse, "number of threads expected");
  return Stat{state[0], *threads};
}

// How many are in each state, by its letter.
class States {
 public:
  void count(char state) { ++counts_[static_cast<unsigned char>(state) % counts_.size()]; }
  void add(SampleSink& out, const MetricDesc& desc) const {
    for (char state = 'A'; state <= 'z'; ++state) {
      const std::uint64_t number = counts_[static_cast<unsigned char>(state)];
      if (number > 0) out.add(desc, static_cast<double>(number), {std::string_view(&state, 1)});
    }
  }

 private:
  std::array<std::uint64_t, 128> counts_{};
};

// Processes come and go while they are counted.
bool has_ended(const Error& error) { return error.code == ErrorCode::kNotFound; }

class Processes final : public Collector {
 public:
  explicit Processes(const Environment& environment) : fs_(environment.fs), clock_(environment.clock) {}

  Result<> collect(const Run& run, SampleSink& out) override {
    UPKEEP_CHECK(add_limit(out, kMaxThreads, "proc/sys/kernel/threads-max"));
    UPKEEP_CHECK(add_limit(out, kMaxPids, "proc/sys/kernel/pid_max"));
    std::vector<std::string> threaded;  // processes with several threads
    std::uint64_t processes = 0, threads = 0;
    States states, thread_states;
    UPKEEP_TRY(const auto entries, fs_.list("proc"));
    for (const DirectoryEntry& entry : entries) {
      if (!to_u64(entry.name)) continue;
      UPKEEP_CHECK(in_time(run));
      const auto stat = read("proc", entry.name);
      if (!stat && has_ended(stat.error())) continue;
      if (!stat) return std::unexpected(stat.error());
      ++processes;
      threads += stat->threads;
      states.count(stat->state);
      thread_states.count(stat->state);
      if (stat->threads > 1) threaded.push_back(entry.name);
    }
    out.add(kPids, static_cast<double>(processes));
    out.add(kThreads, static_cast<double>(threads));
    states.add(out, kState);
    if (threads > limits::kThreadsLookedAt) {
      return fail(ErrorCode::kLimit,
                  fmt::format("{} threads: the states of {} at most are looked at", threads, limits::kThreadsLookedAt));
    }
    for (const std::string& process : threaded) UPKEEP_CHECK(count_others(run, process, thread_states));
    thread_states.add(out, kThreadsState);
    return {};
  }

 private:
  Result<> add_limit(SampleSink& out, const MetricDesc& desc, const char* path) {
    UPKEEP_TRY(const std::string text, fs_.read(path, FileKind::kAttribute));
    const auto limit = to_u64(trim(text));
    if (!limit) return fail(ErrorCode::kParse, fmt::format("{}: an integer expected", path));
    out.add(desc, static_cast<double>(*limit));
    return {};
  }

  Result<Stat> read(std::string_view directory, std::string_view id) {
    const std::string path = fmt::format("{}/{}/stat", directory, id);
    UPKEEP_TRY(const std::string text, fs_.read(path, FileKind::kAttribute));
    const auto stat = parse(text);
    if (!stat) return fail(ErrorCode::kParse, fmt::format("{}: {}", path, stat.error().message));
    return *stat;
  }

  // The first thread has the state of the process.
  Result<> count_others(const Run& run, const std::string& process, States& states) {
    const std::string directory = fmt::format("proc/{}/task", process);
    const auto tasks = fs_.list(directory);
    if (!tasks) return has_ended(tasks.error()) ? Result<>() : std::unexpected(tasks.error());
    for (const DirectoryEntry& task : *tasks) {
      if (task.name == process) continue;
      UPKEEP_CHECK(in_time(run));
      const auto stat = read(directory, task.name);
      if (!stat && has_ended(stat.error())) continue;
      if (!stat) return std::unexpected(stat.error());
      states.count(stat->state);
    }
    return {};
  }

  Result<> in_time(const Run& run) const {
    if (clock_.now() <= run.deadline && !run.stop.stop_requested()) return {};
    return fail(ErrorCode::kTimeout, "no time left to look at all processes");
  }

  FileSystem& fs_;
  const Clock& clock_;
};

Result<std::unique_ptr<Collector>> make(ConfigReader&, const Environment& environment) {
  return std::make_unique<Processes>(environment);
}

}  // namespace

const CollectorType processes_collector = {
    .name = "processes",
    .section = "host",
    .help = "Processes and threads by state.",
    .cadence = Cadence::kInterval,
    .metrics = kMetrics,
    .make = make,
    .interval = std::chrono::seconds(60),  // it opens a file for each process
    .node_exporter = true,
};

}  // namespace upkeep
