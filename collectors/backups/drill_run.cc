// One drill, from the backup to the verdict.
#include <fmt/format.h>
#include <fmt/ostream.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "collectors/backups/catalogue.h"
#include "collectors/backups/cluster.h"
#include "collectors/backups/drill.h"
#include "collectors/backups/judge.h"
#include "collectors/backups/places.h"
#include "collectors/backups/restore.h"
#include "collectors/backups/scratch.h"
#include "collectors/backups/source.h"
#include "collectors/backups/verification.h"

namespace upkeep::backups {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

// Reads as fast as it can, for as long as the drill may.
class Unthrottled final : public Pace {
 public:
  explicit Unthrottled(Guard& guard) : guard_(guard) {}
  bool go_on(std::size_t) override { return guard_.check().has_value(); }

 private:
  Guard& guard_;
};

class Drill {
 public:
  Drill(const Options& options, const BackupFile& backup, const Environment& environment, Guard& guard,
        std::ostream& out)
      : options_(options.drill),
        name_(options.name),
        max_expanded_bytes_(options.verify.max_expanded_bytes),
        backup_(backup),
        environment_(environment),
        guard_(guard),
        out_(out) {}

  Drilled<> run(DrillResult& result) {
    Drilled<> done = prepare();
    if (done) done = restore_all(result);
    if (!cluster_ && !scratch_) return done;
    say("clearing away");
    Guard farewell(environment_.clock, 60s);
    if (cluster_) {
      const auto ended = cluster_->end(farewell);
      if (!ended) say(fmt::format("the database is left behind: {}", ended.error().message));
      if (!ended && done) done = ended;
    }
    text_.reset();
    end_all_children();
    const auto removed = scratch_ ? scratch_->remove() : Result<>();
    if (!removed) say(fmt::format("left behind: {}", removed.error().message));
    return done;
  }

 private:
  template <class... Arguments>
  void say(const std::string& line) {
    fmt::print(out_, "{}\n", line);
    out_.flush();
  }

  // All that needs no Postgres yet.
  Drilled<> prepare() {
    say(fmt::format("the backup: /{}", backup_.path));
    if (!backup_.is_directory) {
      auto source = Source::open(environment_.fs, backup_.path);
      if (!source) return std::unexpected(source.error());
      source_ = *std::move(source);
      kind_ = source_->kind();
    }
    if (kind_ == DumpKind::kUnknown)
      return drill_fails(DrillReason::kRestore, "no dump that psql or pg_restore could restore");
    if (auto whole = check_tar(); !whole) return whole;
    const auto programs = find_programs(options_.programs, !options_.server);
    if (!programs) return std::unexpected(programs.error());
    if (auto found = find_user(); !found) return found;
    const std::string root = options_.scratch.empty() ? environment_.state + "/drill" : options_.scratch;
    const auto made = make_root(root, options_.scratch.empty() ? environment_.state : "");
    if (!made) return drill_fails(DrillReason::kOther, made.error().message);
    sweep(root);
    if (auto checked = check_space(root); !checked) return checked;
    auto scratch = Scratch::make(root, name_);
    if (!scratch) return drill_fails(DrillReason::kOther, scratch.error().message);
    scratch_.emplace(*std::move(scratch));
    guard_.watch_disk(scratch_->path(), options_.max_bytes);
    const auto home = scratch_->make_directory("home", account_);
    if (!home) return drill_fails(DrillReason::kOther, home.error().message);
    surroundings_.emplace(Surroundings{.programs = *programs, .account = account_, .home = *home, .guard = guard_});
    say("the programs: " + *programs);
    return {};
  }

  // pg_restore makes what it can of a truncated tar archive and says nothing, or never ends: so this is read first.
  Drilled<> check_tar() {
    if (kind_ != DumpKind::kTar) return {};
    Unthrottled pace(guard_);
    const Verification found = verify(environment_.fs, environment_.clock, backup_, max_expanded_bytes_, pace);
    if (auto checked = guard_.check(); !checked) return checked;
    return found.good() ? Drilled<>() : drill_fails(DrillReason::kRestore, "the archive: " + found.message);
  }

  // Postgres refuses to run as root.
  Drilled<> find_user() {
    if (::geteuid() != 0) return {};
    auto account = find_account(options_.user);
    if (!account && options_.server) account = find_account("nobody");
    if (!account) return drill_fails(DrillReason::kNoPrograms, account.error().message);
    if (account->user == 0)
      return drill_fails(DrillReason::kNoPrograms,
                         fmt::format("'{}' is root, as whom Postgres does not run", account->name));
    account_ = *std::move(account);
    return {};
  }

  // A guess: archives and compressed dumps become several times as large. While it runs, the guard looks.
  Drilled<> check_space(const std::string& root) {
    const auto space = space_of(root);
    if (!space) return drill_fails(DrillReason::kOther, space.error().message);
    const bool is_small = kind_ != DumpKind::kSql || source_->is_compressed();
    std::uint64_t needed = backup_.size_bytes * (is_small ? 6 : 2) + 512 * kMiB;
    if (options_.max_bytes > 0) needed = std::min(needed, options_.max_bytes);
    if (options_.server) needed = backup_.is_directory ? backup_.size_bytes : 0;
    if (space->available_bytes >= needed + space->kept_bytes) return {};
    return drill_fails(DrillReason::kNoSpace,
                       fmt::format("{}: {} MiB are free, and about {} MiB are needed", root,
                                   space->available_bytes / kMiB, (needed + space->kept_bytes) / kMiB));
  }

  Drilled<> begin_text() {
    if (kind_ == DumpKind::kSql) {
      text_ = read_plain(std::move(source_));
      return {};
    }
    std::vector<std::string> arguments = {"-f", "-", "--no-owner", "--no-privileges", "--no-tablespaces"};
    arguments.emplace_back(kind_ == DumpKind::kCustom ? "-Fc" : kind_ == DumpKind::kTar ? "-Ft" : "-Fd");
    if (kind_ == DumpKind::kDirectory) {
      const auto copy = scratch_->make_directory("dump", account_);
      if (!copy) return drill_fails(DrillReason::kOther, copy.error().message);
      auto copied = copy_directory(environment_.fs, backup_.path, *copy, account_, guard_);
      if (!copied) return copied;
      arguments.push_back(*copy);
    }
    auto text = read_archive(std::move(source_), surroundings_->command("pg_restore", std::move(arguments)));
    if (!text) return std::unexpected(text.error());
    text_ = *std::move(text);
    return {};
  }

  // As much of it as tells what it is.
  Drilled<std::string> read_begin() {
    constexpr std::size_t kBytes = 16384;
    std::string begin;
    while (begin.size() < kBytes && !text_->has_ended()) {
      if (auto checked = guard_.check(); !checked) return std::unexpected(checked.error());
      const auto more = text_->next();
      if (!more) return std::unexpected(more.error());
      begin += *more;
    }
    return begin;
  }

  Drilled<> restore_all(DrillResult& result) {
    if (auto begun = begin_text(); !begun) return begun;
    const auto begin = read_begin();
    if (!begin) return std::unexpected(begin.error());
    const SqlHead head = read_sql_head(*begin);
    cluster_ = options_.server ? make_server_cluster(*surroundings_, *options_.server, name_)
                               : make_throwaway_cluster(*surroundings_, *scratch_);
    say(options_.server ? "connecting to " + options_.server->host : "starting a Postgres of its own");
    const auto major = cluster_->begin();
    if (!major) return std::unexpected(major.error());
    if (head.from_major > *major) {
      return drill_fails(
          DrillReason::kVersion,
          fmt::format("it is of Postgres {}, and is to be restored by Postgres {}", head.from_version, *major));
    }
    const auto key = make_restrict_key(*surroundings_);
    if (!key) return std::unexpected(key.error());
    if (key->empty() && !cluster_->is_own()) {
      return drill_fails(
          DrillReason::kNoPrograms,
          "this psql cannot be kept from other databases of a server: 13.22, 14.19, 15.14, 16.10, 17.6 or "
          "a later one is needed");
    }
    const auto database = head.is_cluster && cluster_->is_own() ? "postgres" : cluster_->make_database(head.encoding);
    if (!database) return std::unexpected(database.error());
    say("restoring into " + *database);
    Command psql = cluster_->psql(*database);
    const auto copied =
        restore(*begin, *text_, std::move(psql), {.owns_server = cluster_->is_own(), .restrict_key = *key}, guard_);
    if (!copied && copied.error().reason == DrillReason::kRestore && head.by_major > *major) {
      return drill_fails(DrillReason::kVersion,
                         fmt::format("pg_dump of Postgres {} wrote it for one that is newer than {}: {}",
                                     head.by_version, *major, copied.error().message));
    }
    if (!copied) return std::unexpected(copied.error());
    return judge(*cluster_, options_, *copied, guard_, out_, result);
  }

  const DrillOptions& options_;
  const std::string& name_;
  const std::uint64_t max_expanded_bytes_;
  const BackupFile& backup_;
  const Environment& environment_;
  Guard& guard_;
  std::ostream& out_;
  DumpKind kind_ = DumpKind::kDirectory;
  std::optional<Account> account_;
  std::optional<Scratch> scratch_;
  std::optional<Surroundings> surroundings_;
  std::unique_ptr<Source> source_;
  std::unique_ptr<SqlText> text_;
  std::unique_ptr<Cluster> cluster_;
};

}  // namespace

int run_drill(const Options& options, const BackupFile* backup, const Environment& environment, std::ostream& out) {
  become_supervisor();
  const auto lock = take_lock(environment.state + "/drill.lock");
  if (!lock && lock.error().code == ErrorCode::kLimit) {
    fmt::print(out, "another drill is under way\n");
    return 3;
  }
  const auto before = read_drill_result(environment.state, options.name);
  DrillResult result{.last_success = before && *before ? (*before)->last_success : 0};
  result.started = unix_seconds(environment.clock.wall());
  const auto start = environment.clock.now();
  Guard guard(environment.clock, options.drill.timeout);
  Drilled<> verdict = drill_fails(DrillReason::kNoBackup, "there is no completed backup");
  if (backup != nullptr) {
    result.backup_path = backup->path;
    result.backup_timestamp = static_cast<double>(backup->modified_ns) / 1e9;
    verdict = Drill(options, *backup, environment, guard, out).run(result);
  }
  end_all_children();
  if (guard.told_to_end()) {
    fmt::print(out, "told to end\n");
    return 3;
  }
  result.finished = unix_seconds(environment.clock.wall());
  result.seconds = to_seconds(environment.clock.now() - start);
  if (verdict) result.last_success = result.finished;
  if (!verdict) result.reason = verdict.error().reason;
  if (!verdict) result.message = verdict.error().message;
  const auto kept = write_drill_result(environment.state, options.name, result);
  if (!kept) fmt::print(out, "the result cannot be kept: {}\n", kept.error().message);
  if (verdict) fmt::print(out, "good: restored within {:.1f} s\n", result.seconds);
  if (!verdict) fmt::print(out, "FAILED ({}): {}\n", to_string(result.reason), result.message);
  return verdict ? 0 : 1;
}

}  // namespace upkeep::backups
