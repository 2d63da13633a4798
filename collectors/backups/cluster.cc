#include "collectors/backups/cluster.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <random>

#include "collectors/backups/run.h"
#include "exporter/text.h"

namespace upkeep::backups {
namespace {

namespace fs = std::filesystem;

// 15 of /usr/lib/postgresql/15 and of /usr/pgsql-15; 0: it is no such folder.
std::uint64_t version_of(const fs::path& folder) {
  std::string name = folder.filename().string();
  constexpr std::string_view kPrefix = "pgsql-";
  if (folder.parent_path() == "/usr") {
    if (!name.starts_with(kPrefix)) return 0;
    name.erase(0, kPrefix.size());
  }
  return to_u64(name).value_or(0);
}

// Where packages of Debian and of Red Hat put them, the newest first.
std::vector<std::string> folders_of_packages() {
  std::vector<fs::path> folders;
  for (const char* parent : {"/usr/lib/postgresql", "/usr"}) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(parent, error)) {
      if (version_of(entry.path()) > 0) folders.push_back(entry.path());
    }
  }
  std::ranges::sort(folders, [](const auto& a, const auto& b) { return version_of(a) > version_of(b); });
  std::vector<std::string> found;
  for (const fs::path& folder : folders) found.push_back((folder / "bin").string());
  for (const char* folder : {"/usr/local/bin", "/usr/bin"}) found.emplace_back(folder);
  return found;
}

// Empty: none.
std::string missing_program(const std::string& folder, bool with_server) {
  std::vector<const char*> needed = {"psql", "pg_restore"};
  if (with_server) needed.insert(needed.end(), {"initdb", "postgres"});
  for (const char* program : needed) {
    if (::access(fmt::format("{}/{}", folder, program).c_str(), X_OK) != 0) return program;
  }
  return "";
}

// The first minor release of each major one whose psql knows \restrict.
constexpr std::array<std::array<std::uint64_t, 2>, 5> kRestrictSince = {
    {{13, 22}, {14, 19}, {15, 14}, {16, 10}, {17, 6}}};

// Of "psql (PostgreSQL) 15.14 (Debian 15.14-1)".
bool knows_restrict(std::string_view version) {
  Words words(version);
  words.next();
  words.next();
  const std::string_view number = words.next();
  const std::size_t dot = std::min(number.find('.'), number.size());
  const auto major = to_u64(number.substr(0, dot));
  if (!major) return false;
  if (*major >= 18) return true;
  const auto minor = to_u64(number.substr(std::min(dot + 1, number.size())));
  return std::ranges::any_of(kRestrictSince,
                             [&](const auto& since) { return since[0] == *major && minor && *minor >= since[1]; });
}

}  // namespace

Drilled<std::string> find_programs(const std::string& wanted, bool with_server) {
  if (!wanted.empty()) {
    const std::string missing = missing_program(wanted, with_server);
    if (missing.empty()) return wanted;
    return drill_fails(DrillReason::kNoPrograms, fmt::format("{}/{}: no such program", wanted, missing));
  }
  for (const std::string& folder : folders_of_packages()) {
    if (missing_program(folder, with_server).empty()) return folder;
  }
  return drill_fails(DrillReason::kNoPrograms, "no Postgres is installed, and no `programs` are named");
}

Command Surroundings::command(const std::string& program, std::vector<std::string> arguments) const {
  return {.program = programs + "/" + program,
          .arguments = std::move(arguments),
          .environment = {"PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C", "HOME=" + home, "PGAPPNAME=upkeep drill",
                          "PGCONNECT_TIMEOUT=15"},
          .directory = home,
          .account = account};
}

Drilled<std::string> Cluster::ask(const std::string& database, std::string_view sql, Guard& guard, bool read_only) {
  Command command = psql(database);
  command.arguments.insert(command.arguments.end(), {"-A", "-t", "-F", std::string(1, kColumn)});
  if (read_only) command.environment.emplace_back("PGOPTIONS=-c default_transaction_read_only=on");
  auto said = run(std::move(command), sql, guard);
  if (!said) return std::unexpected(said.error());
  if (!said->good()) {
    return drill_fails(DrillReason::kServer,
                       fmt::format("psql: {} ({})", complaint(said->err), describe_status(said->status)));
  }
  return std::move(said->out);
}

std::string drill_database(const std::string& prefix, std::string_view backup) {
  constexpr std::size_t kBytes = 63;  // Postgres cuts longer names
  std::string name = prefix;
  for (const char c : backup) {
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    const bool is_plain = (lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9');
    name += is_plain ? lower : '_';
  }
  if (name.size() <= kBytes) return name;
  std::uint32_t hash = 2166136261U;  // FNV-1a: two long names shall not become one
  for (const unsigned char c : backup) hash = (hash ^ c) * 16777619U;
  return name.substr(0, kBytes - 9) + fmt::format("_{:08x}", hash);
}

Drilled<std::string> make_restrict_key(const Surroundings& surroundings) {
  const auto version = run(surroundings.command("psql", {"--version"}), "", surroundings.guard);
  if (!version) return std::unexpected(version.error());
  if (!version->good()) {
    return drill_fails(DrillReason::kNoPrograms,
                       fmt::format("{}/psql --version: {}", surroundings.programs, complaint(version->err)));
  }
  if (!knows_restrict(version->out)) return "";
  std::random_device random;
  return fmt::format("upkeep{:08x}{:08x}", random(), random());
}

}  // namespace upkeep::backups
