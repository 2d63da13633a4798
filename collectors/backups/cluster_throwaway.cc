// A Postgres of a drill's own: made by initdb in the scratch directory, reached over a socket in it and by nobody else,
// in no hurry to survive anything.
#include <fcntl.h>
#include <fmt/format.h>

#include <array>
#include <utility>

#include "collectors/backups/cluster.h"
#include "collectors/backups/run.h"
#include "exporter/state_file.h"
#include "exporter/text.h"

namespace upkeep::backups {
namespace {

// Not `postgres`, which a dump of a whole server makes anew.
constexpr const char* kSuperuser = "upkeep_drill";
constexpr const char* kDatabase = "upkeep_drill";

constexpr std::array kSettings = {
    "listen_addresses=",          // the socket alone
    "unix_socket_directories=.",  // the data directory: a path that is never too long for a socket
    "unix_socket_permissions=0700",
    "port=5432",
    "fsync=off",
    "full_page_writes=off",
    "synchronous_commit=off",
    "wal_level=minimal",
    "max_wal_senders=0",
    "max_wal_size=256MB",
    "min_wal_size=32MB",
    "autovacuum=off",
    "jit=off",
    "shared_buffers=64MB",
    "maintenance_work_mem=64MB",
    "max_connections=20",
    "max_parallel_workers=0",
    "max_prepared_transactions=0",
    "huge_pages=off",
    "dynamic_shared_memory_type=mmap",  // files in the data directory: nothing of it is left elsewhere
    "logging_collector=off",
    "log_destination=stderr",
    "log_min_messages=fatal",
    "log_min_error_statement=panic",
};

class ThrowawayCluster final : public Cluster {
 public:
  ThrowawayCluster(const Surroundings& surroundings, const Scratch& scratch)
      : surroundings_(surroundings), scratch_(scratch) {}

  Drilled<int> begin() override {
    const auto data = scratch_.make_directory("data", surroundings_.account);
    if (!data) return drill_fails(DrillReason::kOther, data.error().message);
    data_ = *data;
    // Of the locales that need not be installed the one that knows of letters beyond ASCII.
    auto made = initdb("C.UTF-8");
    if (made && !made->good() && made->err.find("locale") != std::string::npos) made = initdb("C");
    if (!made) return std::unexpected(made.error());
    if (!made->good()) {
      return drill_fails(DrillReason::kOther,
                         fmt::format("initdb: {} ({})", complaint(made->err), describe_status(made->status)));
    }
    if (auto started = start(); !started) return std::unexpected(started.error());
    const auto version = ask("postgres", "SHOW server_version_num", surroundings_.guard);
    if (!version) return std::unexpected(version.error());
    return static_cast<int>(to_u64(trim(*version)).value_or(0) / 10'000);
  }

  Drilled<std::string> make_database(const std::string& encoding) override {
    const std::string sql =
        encoding.empty() || encoding == "UTF8"
            ? fmt::format("CREATE DATABASE {} TEMPLATE template0", kDatabase)
            : fmt::format("CREATE DATABASE {} TEMPLATE template0 ENCODING '{}' LOCALE 'C'", kDatabase, encoding);
    if (auto made = ask("postgres", sql, surroundings_.guard); !made) return std::unexpected(made.error());
    return kDatabase;
  }

  Drilled<std::vector<std::string>> databases() override {
    const auto said = ask("postgres", "SELECT datname FROM pg_database WHERE NOT datistemplate AND datallowconn",
                          surroundings_.guard);
    if (!said) return std::unexpected(said.error());
    std::vector<std::string> names;
    for (std::string_view name : Lines(*said)) names.emplace_back(name);
    return names;
  }

  Drilled<> end(Guard& farewell) override {
    if (!postmaster_) return {};
    postmaster_->signal(SIGQUIT);  // at once, and its backends with it
    while (!postmaster_->ended()) {
      if (!farewell.check()) break;
      rest_a_moment();
    }
    postmaster_.reset();
    return {};
  }

  [[nodiscard]] bool is_own() const override { return true; }

  [[nodiscard]] Command psql(const std::string& database) const override {
    Command command = surroundings_.command("psql", {"-X", "-q", "-v", "ON_ERROR_STOP=1", "--no-password"});
    command.directory = data_;
    command.environment.insert(
        command.environment.end(),
        {"PGHOST=/proc/self/cwd", "PGPORT=5432", fmt::format("PGUSER={}", kSuperuser), "PGDATABASE=" + database});
    return command;
  }

 private:
  Drilled<Output> initdb(const std::string& locale) const {
    return run(surroundings_.command("initdb", {"-D", data_, "--username", kSuperuser, "--auth=trust",
                                                "--encoding=UTF8", "--locale=" + locale, "--no-sync"}),
               "", surroundings_.guard);
  }

  Drilled<> start() {
    const std::string log = scratch_.path() + "/log";
    const Handle file(::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    std::vector<std::string> arguments = {"-D", data_};
    for (const char* setting : kSettings) arguments.insert(arguments.end(), {"-c", setting});
    Command command = surroundings_.command("postgres", std::move(arguments));
    command.err = file.get();
    command.when_parent_ends = SIGQUIT;
    auto process = Process::start(command);
    if (!process) return drill_fails(DrillReason::kNoPrograms, process.error().message);
    postmaster_.emplace(*std::move(process));
    for (;;) {
      if (auto checked = surroundings_.guard.check(); !checked) return checked;
      if (is_ready()) return {};
      if (postmaster_->ended()) {
        return drill_fails(DrillReason::kOther,
                           fmt::format("postgres does not start: {} ({})", complaint(read_state_file(log).value_or("")),
                                       describe_status(*postmaster_->ended())));
      }
      rest_a_moment();
    }
  }

  // It says so in the eighth line of its file.
  [[nodiscard]] bool is_ready() const {
    constexpr int kLine = 8;
    const auto text = read_state_file(data_ + "/postmaster.pid");
    if (!text) return false;
    int number = 0;
    for (std::string_view line : Lines(*text)) {
      if (++number == kLine) return trim(line) == "ready";
    }
    return false;
  }

  const Surroundings surroundings_;
  const Scratch& scratch_;
  std::string data_;
  std::optional<Process> postmaster_;
};

}  // namespace

std::unique_ptr<Cluster> make_throwaway_cluster(const Surroundings& surroundings, const Scratch& scratch) {
  return std::make_unique<ThrowawayCluster>(surroundings, scratch);
}

}  // namespace upkeep::backups
