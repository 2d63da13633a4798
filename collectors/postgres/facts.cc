#include "collectors/postgres/facts.h"

#include <algorithm>

#include "collectors/postgres/view.h"
#include "exporter/text.h"

namespace upkeep::postgres {
namespace {

// A row for each database that lets anybody in.
const std::string kFactsSql = R"(
SELECT current_setting('server_version_num')::int / 10000, pg_is_in_recovery()::int, datname,
       has_database_privilege(oid, 'CONNECT')::int
FROM pg_database WHERE datallowconn ORDER BY datname)";
const std::string kExtensionsSql = R"(
SELECT e.extname, e.extversion, quote_ident(n.nspname)
FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace)";

constexpr std::string_view kSchema = "{schema}";

// "1.11" is 111.
int to_version(std::string_view text) {
  const std::size_t dot = text.find('.');
  const auto major = to_u64(text.substr(0, dot)).value_or(0);
  const auto minor = dot == std::string_view::npos ? 0 : to_u64(text.substr(dot + 1)).value_or(0);
  return static_cast<int>(major * 100 + minor);
}

}  // namespace

const Question& Facts::question() {
  static const Question kQuestion{kFactsSql};
  return kQuestion;
}

bool Facts::take(const Rows& rows, Target& target, Connections& connections) {
  if (rows.rows() == 0) return false;
  version_ = static_cast<int>(number_at(rows, 0, 0).value_or(0));
  in_recovery_ = number_at(rows, 0, 1) == 1;
  denied_.clear();
  std::map<std::string, Database> databases;
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    const std::string name(rows.at(row, 2).value_or(""));
    if (name.empty() || (name != target.database && !target.databases.keeps(name))) continue;
    if (number_at(rows, row, 3) == 1) {
      databases[name] = std::move(databases_[name]);
    } else {
      denied_.insert(name);
    }
  }
  databases_ = std::move(databases);
  connections.keep_only([&](const std::string& name) {
    const auto asks = [&](const CustomQuery& query) { return query.database == name; };
    return name == target.database || databases_.contains(name) || std::ranges::any_of(target.queries, asks);
  });
  return true;
}

void Facts::learn_extensions(const std::string& name, Connections& connections, Clock::time_point now,
                             std::chrono::milliseconds interval, Clock::time_point deadline) {
  Database& database = databases_[name];
  if (database.looked_at && now - *database.looked_at < interval) return;
  const auto answer = connections.ask(name, Question{kExtensionsSql}, deadline);
  if (!answer) return;
  database.extensions.clear();
  for (std::size_t row = 0; row < (*answer)->rows(); ++row) {
    const auto cell = [&](std::size_t column) { return std::string((*answer)->at(row, column).value_or("")); };
    database.extensions[cell(0)] = {to_version(cell(1)), cell(2)};
  }
  database.looked_at = now;
}

bool Facts::applies(const Query& query) const {
  const bool side = query.side == Side::kBoth || (query.side == Side::kStandby) == in_recovery_;
  return side && version_ >= query.min_version && version_ <= query.max_version;
}

const std::string* Facts::place_of(const Query& query) const {
  for (const auto& [name, database] : databases_) {
    const auto found = database.extensions.find(query.extension);
    if (found != database.extensions.end() && found->second.version >= query.min_extension &&
        found->second.version <= query.max_extension) {
      return &name;
    }
  }
  return nullptr;
}

std::string Facts::sql_of(const Query& query, const std::string& database) const {
  std::string sql(query.sql);
  const std::size_t at = sql.find(kSchema);
  if (at != std::string::npos) {
    sql.replace(at, kSchema.size(), databases_.at(database).extensions.find(query.extension)->second.schema);
  }
  return sql;
}

}  // namespace upkeep::postgres
