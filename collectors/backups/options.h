// An item of the section `backups` of upkeep.yml: where backups of one kind lie, and what is expected of them.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "exporter/config.h"

namespace upkeep::backups {

using std::chrono::milliseconds;

// Backups that are kept for long, of every month for instance.
struct ArchiveOptions {
  std::vector<std::string> files;  // empty: none are expected
  milliseconds max_age{};
};

struct VerifyOptions {
  bool enabled = true;
  std::uint64_t bytes_per_second = 0;    // read at most
  milliseconds within{};                 // a new backup shall be verified; published, for the rules
  std::uint64_t max_expanded_bytes = 0;  // of one backup
};

struct DrillOptions {
  // A database server where backups are restored, instead of a throwaway one.
  struct Server {
    std::string host, user;
    std::string database_prefix;  // of the new database's name; holds kMarker
    int port = 5432;
    std::optional<Secret> password;
    std::string sslmode;
  };
  static constexpr std::string_view kMarker = "upkeep_drill";

  bool enabled = false;
  milliseconds every{}, timeout{};
  std::string scratch;          // directory; empty: `drill` in the state directory
  std::uint64_t max_bytes = 0;  // of it; 0: as much as is free
  std::string user;             // whom a root process becomes to run Postgres
  std::string programs;  // directory of initdb, postgres, psql, pg_restore; empty: the newest that Debian installed
  std::optional<Server> server;
  std::int64_t expect_tables = 1, expect_rows = 0;  // at least
  std::vector<std::string> checks;                  // SQL whose first column of the first row must be true
};

// A file in which a backup tool says what it has done: its JSON, written by a cron job.
struct ReportOptions {
  std::string kind;  // pgbackrest, barman, restic, wal-g
  std::string file;  // or a directory: then its newest file
  std::string name;  // of the stanza, server, ... where a report has several; empty: all
};

struct Options {
  std::string name;                // the `backup` label, and part of file names
  std::vector<std::string> files;  // absolute paths with *, ? and [...]
  milliseconds max_age{}, interval_expected{};
  std::uint64_t min_size = 0;
  double max_shrink = 0;  // 0.5: by half
  milliseconds retain{};  // 0: not judged
  milliseconds settle{};  // what was written within it may not be complete
  ArchiveOptions archive;
  VerifyOptions verify;
  DrillOptions drill;
  std::optional<ReportOptions> report;
};

Options read_options(ConfigReader& config);

}  // namespace upkeep::backups
