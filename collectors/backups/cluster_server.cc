// A server that somebody named for drills. Its other databases are none of our business: we make one whose name holds
// the marker, say in its comment that we did, and drop that one alone. If there is one of that name already which does
// not say so, we leave it.
#include <fmt/format.h>

#include <utility>

#include "collectors/backups/cluster.h"
#include "collectors/backups/run.h"
#include "exporter/text.h"

namespace upkeep::backups {
namespace {

constexpr const char* kMaintenance = "postgres";  // the database that everybody may connect to
constexpr std::string_view kComment = "Made by a drill of Upkeep, which drops this database.";

class ServerCluster final : public Cluster {
 public:
  ServerCluster(const Surroundings& surroundings, const DrillOptions::Server& server, const std::string& backup)
      : surroundings_(surroundings), server_(server), name_(drill_database(server.database_prefix, backup)) {}

  Drilled<int> begin() override {
    const auto version = ask(kMaintenance, "SHOW server_version_num", surroundings_.guard);
    if (!version) return std::unexpected(version.error());
    return static_cast<int>(to_u64(trim(*version)).value_or(0) / 10'000);
  }

  Drilled<std::string> make_database(const std::string& encoding) override {
    if (name_.find(DrillOptions::kMarker) == std::string::npos)  // the configuration was asked for that too
      return drill_fails(DrillReason::kMarker, fmt::format("'{}' does not hold '{}'", name_, DrillOptions::kMarker));
    if (auto cleared = clear_left_over(); !cleared) return std::unexpected(cleared.error());
    const std::string as = encoding.empty() || encoding == "UTF8"
                               ? "TEMPLATE template0"
                               : fmt::format("TEMPLATE template0 ENCODING '{}' LOCALE 'C'", encoding);
    auto made = ask(kMaintenance, fmt::format("CREATE DATABASE {} {};\n", name_, as), surroundings_.guard);
    if (!made) return std::unexpected(made.error());
    is_made_ = true;
    made = ask(kMaintenance, fmt::format("COMMENT ON DATABASE {} IS '{}';\n", name_, kComment), surroundings_.guard);
    if (!made) return std::unexpected(made.error());
    return name_;
  }

  Drilled<std::vector<std::string>> databases() override { return std::vector<std::string>{name_}; }

  Drilled<> end(Guard& farewell) override {
    if (!is_made_) return {};
    auto dropped = ask(kMaintenance, fmt::format("DROP DATABASE {} WITH (FORCE);\n", name_), farewell);
    if (!dropped) return std::unexpected(dropped.error());
    is_made_ = false;
    return {};
  }

  [[nodiscard]] bool is_own() const override { return false; }

  [[nodiscard]] Command psql(const std::string& database) const override {
    Command command = surroundings_.command("psql", {"-X", "-q", "-v", "ON_ERROR_STOP=1", "--no-password"});
    auto& environment = command.environment;
    environment.insert(environment.end(),
                       {"PGHOST=" + server_.host, fmt::format("PGPORT={}", server_.port), "PGUSER=" + server_.user,
                        "PGSSLMODE=" + server_.sslmode, "PGDATABASE=" + database});
    // Only its own user and root can see a process's environment, and everybody its arguments.
    if (server_.password) environment.push_back("PGPASSWORD=" + server_.password->reveal());
    return command;
  }

 private:
  // Drops what a drill left here that was killed, unless somebody uses it.
  Drilled<> clear_left_over() {
    const auto said = ask(kMaintenance,
                          fmt::format("SELECT coalesce(shobj_description(oid, 'pg_database'), '') FROM pg_database "
                                      "WHERE datname = '{}';\n",
                                      name_),
                          surroundings_.guard);
    if (!said) return std::unexpected(said.error());
    if (said->empty()) return {};  // there is none of this name
    if (trim(*said) != kComment) {
      return drill_fails(
          DrillReason::kMarker,
          fmt::format("the database '{}' is there and was not made by a drill: it is left alone", name_));
    }
    auto dropped = ask(kMaintenance, fmt::format("DROP DATABASE {};\n", name_), surroundings_.guard);
    if (!dropped) return std::unexpected(dropped.error());
    return {};
  }

  const Surroundings surroundings_;
  const DrillOptions::Server& server_;
  const std::string name_;
  bool is_made_ = false;  // by us, in this drill
};

}  // namespace

std::unique_ptr<Cluster> make_server_cluster(const Surroundings& surroundings, const DrillOptions::Server& server,
                                             const std::string& backup) {
  return std::make_unique<ServerCluster>(surroundings, server, backup);
}

}  // namespace upkeep::backups
