// A connection to a Postgres server. What is behind it, libpqxx, is a module of its own that is loaded when the first
// connection is made: it brings thirty libraries and 7 MB, which a host without Postgres shall not carry.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace upkeep::postgres {

// Why something failed, in as many words as an alert needs.
enum class Failure : std::uint8_t {
  kRefused,         // nobody listens, or the name or the way is unknown
  kTimeout,         // no answer in time, or the server canceled it for taking too long
  kAuthentication,  // wrong password or no entry in pg_hba.conf
  kNoDatabase,
  kPermission,
  kTooManyConnections,
  kStarting,  // or shutting down, or in recovery
  kLocked,    // lock_timeout
  kMissing,   // a table, view, column or function that is not there
  kLost,      // the connection ended
  kReadOnly,  // something wanted to write
  kOther,
};
std::string_view to_string(Failure failure);

struct Problem {
  Failure why;
  std::string message;  // one line, without the password
};

template <class T>
using Answered = std::expected<T, Problem>;

// Rows of text. Views are valid as long as the object.
class Rows {
 public:
  virtual ~Rows() = default;
  [[nodiscard]] virtual std::size_t rows() const = 0;
  [[nodiscard]] virtual std::size_t columns() const = 0;
  [[nodiscard]] virtual std::string_view name(std::size_t column) const = 0;
  // Nothing where it is NULL.
  [[nodiscard]] virtual std::optional<std::string_view> at(std::size_t row, std::size_t column) const = 0;
};

// SQL, and what $1 in it is, where there is one: a number.
struct Question {
  std::string sql;
  std::optional<std::string> parameter = {};
};

// One thread at a time. Calls block; shutting socket() down ends them, with kLost.
class Session {
 public:
  virtual ~Session() = default;
  [[nodiscard]] virtual int socket() const = 0;
  [[nodiscard]] virtual bool is_open() const = 0;
  // Prepares the SQL when it first comes.
  virtual Answered<std::unique_ptr<Rows>> ask(const Question& question) = 0;
  // All of them in one trip to the server. If one fails, so do all.
  virtual Answered<std::vector<std::unique_ptr<Rows>>> ask(std::span<const Question> questions) = 0;
  // In a read-only transaction of its own with the role's own search_path: for SQL of users.
  virtual Answered<std::unique_ptr<Rows>> ask_as_user(const std::string& sql) = 0;
};

struct ConnectionSettings {
  std::string host, user, database, sslmode;
  int port = 5432;
  std::string password;  // empty: none
  std::string options;   // settings of the session, as `-c name=value ...`
  int timeout_seconds = 5;
};

// Connects; blocks at most for about the timeout. Loads the module when need be.
Answered<std::unique_ptr<Session>> connect(const ConnectionSettings& settings);

}  // namespace upkeep::postgres

// What the module exports.
extern "C" upkeep::postgres::Answered<std::unique_ptr<upkeep::postgres::Session>>* upkeep_postgres_connect(
    const upkeep::postgres::ConnectionSettings& settings);
