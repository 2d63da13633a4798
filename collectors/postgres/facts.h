// What a server is and has, and so what it can be asked.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "collectors/postgres/connections.h"
#include "collectors/postgres/query.h"

namespace upkeep::postgres {

class Facts {
 public:
  // By name, those that may be entered and that the target wants.
  struct Extension {
    int version;  // 111 is 1.11
    std::string schema;
  };
  struct Database {
    std::map<std::string, Extension, std::less<>> extensions;
    std::optional<Clock::time_point> looked_at;
  };

  // What is asked of the server in each run, and what to do with the answer. False: there is nothing in it.
  static const Question& question();
  bool take(const Rows& rows, Target& target, Connections& connections);
  [[nodiscard]] bool known() const { return version_ != 0; }
  // Once in a while, over the connection to that database.
  void learn_extensions(const std::string& name, Connections& connections, Clock::time_point now,
                        std::chrono::milliseconds interval, Clock::time_point deadline);

  [[nodiscard]] const std::map<std::string, Database>& databases() const { return databases_; }
  // Those that the target wants and the role may not connect to.
  [[nodiscard]] const std::set<std::string>& denied() const { return denied_; }
  // Whether this server, by version and role, knows the query.
  [[nodiscard]] bool applies(const Query& query) const;
  // The database that has the query's extension in a version it knows; null: none.
  [[nodiscard]] const std::string* place_of(const Query& query) const;
  // Its SQL, with the schema of its extension in `database` in place.
  [[nodiscard]] std::string sql_of(const Query& query, const std::string& database) const;

 private:
  int version_ = 0;
  bool in_recovery_ = false;
  std::map<std::string, Database> databases_;
  std::set<std::string> denied_;
};

}  // namespace upkeep::postgres
