#include "collectors/backups/drill.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <system_error>
#include <thread>
#include <utility>

#include "collectors/backups/catalogue.h"
#include "collectors/backups/places.h"
#include "collectors/backups/process.h"
#include "collectors/backups/run.h"
#include "collectors/backups/scratch.h"
#include "exporter/config.h"
#include "exporter/filesystem.h"
#include "exporter/log.h"
#include "exporter/text.h"

namespace upkeep::backups {
namespace {

using namespace std::chrono_literals;

constexpr int kSaysNothing = 3;            // the exit status of a drill that could not be held, see run_drill()
constexpr auto kRetry = 1min;              // after such a one
constexpr auto kRetryFailed = 1h;          // at least, until another backup is tried after one that failed
constexpr auto kRetryFailedSame = 24h;     // likewise, until the same one is tried again
constexpr auto kGraceAfterTimeout = 5min;  // for a drill to clear away before it is killed

// What became of the scratch directories may take long, and nobody waits for it.
void sweep_in_background(std::string root, Log& log) {
  try {
    std::thread([root = std::move(root), &log] {
      const Swept swept = sweep(root);
      if (swept.directories > 0) log.info("Cleared away what a drill left that was killed", {{"directory", root}});
      if (!swept.error.empty()) log.warn("Cannot clear away what a drill left", {{"err", swept.error}});
    }).detach();
  } catch (const std::system_error&) {  // then the next drill sweeps
  }
}

std::vector<std::string> own_environment() {
  std::vector<std::string> variables;
  for (char** variable = ::environ; variable != nullptr && *variable != nullptr; ++variable)
    variables.emplace_back(*variable);
  return variables;
}

}  // namespace

struct DrillSchedule::State {
  State(const Environment& of_collector, const Options& of_backup) : environment(of_collector), options(of_backup) {}

  const Environment environment;
  const Options options;
  std::optional<DrillResult> last;
  std::optional<Process> child;
  std::optional<Collected> complaints;  // of the child
  Clock::time_point started{};          // the child
  Clock::time_point not_before{};       // the next one
  double started_wall = 0;
  BackupFile backup;  // that the child restores
  bool swept = false, killed_for_time = false;

  [[nodiscard]] std::string root() const {
    return options.drill.scratch.empty() ? environment.state + "/drill" : options.drill.scratch;
  }

  void load() {
    auto read = read_drill_result(environment.state, options.name);
    if (!read)
      environment.log.warn("What the last drill found cannot be read",
                           {{"backup", options.name}, {"err", read.error().message}});
    if (read && *read) last = **std::move(read);
  }

  // What somebody else wrote since, who drilled by hand.
  void take_news() {
    auto read = read_drill_result(environment.state, options.name);
    if (read && *read && (!last || (*read)->finished > last->finished)) last = **std::move(read);
  }

  [[nodiscard]] bool is_due(const BackupFile& newest) const {
    if (environment.clock.now() < not_before) return false;
    if (!last) return true;
    const double age = unix_seconds(environment.clock.wall()) - last->finished;
    if (age < 0) return true;  // it is dated later than now
    const auto seconds = [](auto time) { return std::chrono::duration<double>(time).count(); };
    const double every = seconds(options.drill.every);
    if (last->good()) return age >= every;
    const double timestamp = static_cast<double>(newest.modified_ns) / 1e9;
    const bool is_same = newest.path == last->backup_path && std::abs(timestamp - last->backup_timestamp) < 1e-3;
    return age >= std::min(every, seconds(is_same ? kRetryFailedSame : Clock::duration(kRetryFailed)));
  }

  void start(const BackupFile& newest) {
    std::vector<std::string> words = own_command_line();
    Command command{.program = "/proc/self/exe", .environment = own_environment(), .when_parent_ends = SIGTERM};
    if (!words.empty()) command.name = words.front();
    if (!words.empty()) command.arguments.assign(words.begin() + 1, words.end());
    command.arguments.insert(command.arguments.end(), {"drill", options.name, "/" + newest.path});
    complaints.emplace(std::size_t{4096});
    const auto err = complaints->open();
    command.err = err ? *err : -1;
    auto process = Process::start(command);
    complaints->begun();
    if (!process) {
      not_before = environment.clock.now() + kRetry;
      environment.log.warn("A drill cannot be started", {{"backup", options.name}, {"err", process.error().message}});
      return;
    }
    environment.log.info("Drill begins", {{"backup", options.name}, {"file", "/" + newest.path}});
    child.emplace(*std::move(process));
    started = environment.clock.now();
    started_wall = unix_seconds(environment.clock.wall());
    backup = newest;
    killed_for_time = false;
  }

  // Looks after the child.
  void tend() {
    complaints->take();
    const auto status = child->ended();
    if (status) {
      conclude(*status);
      child.reset();
      return;
    }
    const auto age = environment.clock.now() - started;
    if (age > options.drill.timeout + kGraceAfterTimeout && !std::exchange(killed_for_time, true))
      child->signal(SIGKILL);  // a disk may hold it up
  }

  void conclude(int status) {
    complaints->take();
    if (WIFEXITED(status) && WEXITSTATUS(status) == kSaysNothing) {
      not_before = environment.clock.now() + kRetry;
      return;
    }
    const double finished_before = last ? last->finished : 0;
    load();
    const bool is_news = last && last->finished != finished_before;
    if (!is_news) {
      DrillResult result{.reason = WIFSIGNALED(status) ? DrillReason::kKilled : DrillReason::kOther,
                         .message = fmt::format("the drill ended with {} and left no result", describe_status(status)),
                         .backup_path = backup.path,
                         .backup_timestamp = static_cast<double>(backup.modified_ns) / 1e9,
                         .started = started_wall,
                         .finished = unix_seconds(environment.clock.wall()),
                         .seconds = to_seconds(environment.clock.now() - started),
                         .last_success = last ? last->last_success : 0};
      if (const std::string said = complaint(complaints->text()); !said.empty()) result.message += ": " + said;
      if (killed_for_time) result.reason = DrillReason::kTimeout;
      last = std::move(result);
    }
    if (WIFSIGNALED(status)) sweep_in_background(root(), environment.log);
    if (last->good()) {
      environment.log.info("Drill passed: the backup can be restored",
                           {{"backup", options.name},
                            {"tables", std::to_string(last->tables)},
                            {"rows", std::to_string(last->rows)},
                            {"seconds", fmt::format("{:.1f}", last->seconds)}});
    } else {
      environment.log.warn("Drill failed",
                           {{"backup", options.name}, {"reason", to_string(last->reason)}, {"err", last->message}});
    }
  }
};

DrillSchedule::DrillSchedule(const Environment& environment, const Options& options)
    : state_(std::make_unique<State>(environment, options)) {
  state_->load();
}

DrillSchedule::~DrillSchedule() {
  if (!state_->child) return;
  state_->child->signal(SIGTERM);
  state_->child->abandon();  // it clears away, for as long as that takes
}

void DrillSchedule::step(const BackupFile* newest) {
  if (!std::exchange(state_->swept, true)) sweep_in_background(state_->root(), state_->environment.log);
  if (!state_->child) state_->take_news();
  if (state_->child) {
    state_->tend();
  } else if (newest != nullptr && state_->is_due(*newest)) {
    state_->start(*newest);
  }
}

bool DrillSchedule::running() const { return state_->child.has_value(); }

std::optional<DrillResult> DrillSchedule::last() const { return state_->last; }

namespace {

// A file that somebody names.
std::optional<BackupFile> find_file(FileSystem& fs, const std::string& path) {
  const Findings found = find_backups(fs, std::vector{path});
  const std::string logical = path.substr(1);
  for (const Item& item : found.items) {
    if (item.file.path == logical) return item.file;
  }
  const auto status = fs.status(logical);
  if (!status) return std::nullopt;
  return BackupFile{.path = logical,
                    .is_directory = S_ISDIR(status->mode),
                    .device = status->device,
                    .inode = status->inode,
                    .size_bytes = status->size_bytes,
                    .modified_ns = status->modified_ns};
}

int run_command(ConfigReader& item, std::span<const std::string> arguments, const Environment& environment,
                std::ostream& out, std::ostream& err) {
  const Options options = read_options(item);
  const bool is_path = arguments.empty() || (arguments.size() == 1 && arguments.front().starts_with('/'));
  if (options.files.empty() || !is_path) {
    err << (is_path ? "upkeep: error: what a report tells of cannot be restored\n"
                    : "upkeep: error: `drill NAME [FILE]` expected, and of the file its absolute path\n");
    return 2;
  }
  std::optional<BackupFile> backup;
  if (!arguments.empty()) {
    backup = find_file(environment.fs, arguments.front());
  } else {
    const Findings found = find_backups(environment.fs, options.files);
    const Catalogue known =
        Cataloguer(options.settle).sort_out(found.items, environment.clock.wall(), environment.clock.now());
    if (!known.complete.empty()) backup = known.complete.front();
  }
  return run_drill(options, backup ? &*backup : nullptr, environment, out);
}

}  // namespace

const CollectorCommand kDrillCommand = {
    .name = "drill",
    .help = "Restore the newest backup of a name for real, and say whether all of it is there.",
    .arguments = ", then the path of one backup if not the newest",
    .run = run_command,
};

}  // namespace upkeep::backups
