// Where a drill restores: a Postgres of its own that lasts as long as the drill, or a new database of a server that was
// named for it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/backups/guard.h"
#include "collectors/backups/options.h"
#include "collectors/backups/process.h"
#include "collectors/backups/scratch.h"
#include "collectors/backups/sql_filter.h"

namespace upkeep::backups {

// The directory with the programs of Postgres: `wanted`, or the newest of those that packages install. kNoPrograms: one
// that is needed is not there.
Drilled<std::string> find_programs(const std::string& wanted, bool with_server);

// What everything that runs programs of Postgres needs.
struct Surroundings {
  std::string programs;            // directory
  std::optional<Account> account;  // whom to run them as; none: as we are
  std::string home;                // a directory of ours, for what they may want to write
  Guard& guard;

  // Not connected to anything yet.
  [[nodiscard]] Command command(const std::string& program, std::vector<std::string> arguments) const;
};

class Cluster {
 public:
  virtual ~Cluster() = default;

  // Makes it ready; the value is its major version.
  virtual Drilled<int> begin() = 0;
  // Makes the empty database to restore into, and returns its name. Text of `encoding` shall go in (empty: UTF8).
  virtual Drilled<std::string> make_database(const std::string& encoding) = 0;
  // Databases that a dump may have filled.
  virtual Drilled<std::vector<std::string>> databases() = 0;
  // Takes away what was made. To be called whatever happened before.
  virtual Drilled<> end(Guard& farewell) = 0;
  // Whether all of the server is ours.
  [[nodiscard]] virtual bool is_own() const = 0;
  // psql, connected to `database`, quiet, which stops at the first error.
  [[nodiscard]] virtual Command psql(const std::string& database) const = 0;

  // What SQL says: a line a row, columns apart by kColumn.
  Drilled<std::string> ask(const std::string& database, std::string_view sql, Guard& guard, bool read_only = false);
  static constexpr char kColumn = '\x1f';
};

std::unique_ptr<Cluster> make_throwaway_cluster(const Surroundings& surroundings, const Scratch& scratch);
// `backup`: whose drill this is.
std::unique_ptr<Cluster> make_server_cluster(const Surroundings& surroundings, const DrillOptions::Server& server,
                                             const std::string& backup);

// The name of a server's database for the drills of a backup.
std::string drill_database(const std::string& prefix, std::string_view backup);

// A new key for psql's \restrict; empty: this psql does not know it.
Drilled<std::string> make_restrict_key(const Surroundings& surroundings);

}  // namespace upkeep::backups
