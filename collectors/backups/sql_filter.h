// What psql gets of a dump: all that is data and structure, and nothing that reaches beyond the databases of a drill or
// needs roles that are not there. Whole lines are looked at, as pg_dump and pg_dumpall write them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/backups/guard.h"

namespace upkeep::backups {

// What the first lines of a dump say.
struct SqlHead {
  int from_major = 0, by_major = 0;      // of the server and of pg_dump; 0: not said
  std::string from_version, by_version;  // as it is written there
  std::string encoding;                  // of what follows; empty: not said
  bool is_cluster = false;               // by pg_dumpall
};
SqlHead read_sql_head(std::string_view text);

class SqlFilter {
 public:
  struct Rules {
    bool owns_server = true;   // a throwaway one, where databases and roles may be made
    std::string restrict_key;  // what keeps psql from commands of its own; empty: it is too old for that
  };
  explicit SqlFilter(Rules rules) : rules_(std::move(rules)) {}

  // Appends to `out` what psql gets of `bytes`. kMarker: it would leave the database of the drill.
  Drilled<> feed(std::string_view bytes, std::string& out);
  // To be called at the end. kRestore: it cannot be the end.
  Drilled<> finish(std::string& out);
  // Of all COPY blocks so far.
  [[nodiscard]] std::uint64_t copied_rows() const { return copied_rows_; }

 private:
  Drilled<> take_line(std::string_view line, std::string& out);
  Drilled<> take_backslash(std::string_view line, std::string& out);
  void take_comment(std::string_view line);
  std::string_view take_data(std::string_view bytes, std::string& out);

  const Rules rules_;
  std::string line_;         // what came of a line so far
  bool passing_ = false;     // within a line that is too long to be looked at
  bool begun_ = false;       // the restriction is in force
  bool in_data_ = false;     // of a COPY block
  std::string data_begins_;  // the first bytes of the line of data that is being read
  bool has_header_ = false, is_cluster_ = false, complete_ = false;
  std::uint64_t copied_rows_ = 0;
};

// The names that such a statement gives to roles: CREATE POLICY, CREATE USER MAPPING, ALTER ROLE ... IN DATABASE. As
// they are written there, quoted or not.
std::vector<std::string> roles_of(std::string_view line);

}  // namespace upkeep::backups
