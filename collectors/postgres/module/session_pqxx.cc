// The only door to libpqxx. Catches what it throws: nothing else in the program knows its exceptions.
#include <pqxx/pqxx>
#include <unordered_map>

#include "collectors/postgres/session.h"

namespace upkeep::postgres {
namespace {

// https://www.postgresql.org/docs/current/errcodes-appendix.html
Failure by_sqlstate(std::string_view state) {
  if (state == "57014") return Failure::kTimeout;
  if (state == "55P03") return Failure::kLocked;
  if (state == "42501") return Failure::kPermission;
  if (state == "53300") return Failure::kTooManyConnections;
  if (state == "57P03") return Failure::kStarting;
  if (state == "3D000") return Failure::kNoDatabase;
  if (state == "25006") return Failure::kReadOnly;
  if (state == "42P01" || state == "42883" || state == "42703" || state == "3F000") return Failure::kMissing;
  if (state.starts_with("28")) return Failure::kAuthentication;
  if (state.starts_with("08") || state.starts_with("57P")) return Failure::kLost;
  return Failure::kOther;
}

Failure by_class(const pqxx::syntax_error& error) {
  const bool missing = dynamic_cast<const pqxx::undefined_table*>(&error) != nullptr ||
                       dynamic_cast<const pqxx::undefined_column*>(&error) != nullptr ||
                       dynamic_cast<const pqxx::undefined_function*>(&error) != nullptr;
  return missing ? Failure::kMissing : by_sqlstate(error.sqlstate());
}

// A connection that failed has no SQLSTATE, only what libpq and the server say, the latter in its own language: then it
// is "other". The password never is in these messages, but who knows of the next release.
Failure by_message(std::string_view message) {
  struct Sign {
    std::string_view words;
    Failure failure;
  };
  static constexpr Sign kSigns[] = {
      {"password authentication failed", Failure::kAuthentication},
      {"no password supplied", Failure::kAuthentication},
      {"Peer authentication failed", Failure::kAuthentication},
      {"authentication failed", Failure::kAuthentication},
      {"no pg_hba.conf entry", Failure::kAuthentication},
      {"pg_hba.conf rejects", Failure::kAuthentication},
      {"is not permitted to log in", Failure::kAuthentication},
      {"too many", Failure::kTooManyConnections},
      {"remaining connection slots", Failure::kTooManyConnections},
      {"permission denied for database", Failure::kPermission},
      {"database system is", Failure::kStarting},  // starting up, shutting down, in recovery mode
      {"not currently accepting connections", Failure::kNoDatabase},
      {"role \"", Failure::kAuthentication},  // does not exist
      {"database \"", Failure::kNoDatabase},  // does not exist
      {"timeout expired", Failure::kTimeout},
      {"Connection timed out", Failure::kTimeout},
      {"Connection refused", Failure::kRefused},
      {"No such file or directory", Failure::kRefused},
      {"could not translate host name", Failure::kRefused},
      {"No route to host", Failure::kRefused},
      {"Network is unreachable", Failure::kRefused},
      {"server closed the connection", Failure::kLost},
  };
  for (const Sign& sign : kSigns) {
    if (message.find(sign.words) != std::string_view::npos) return sign.failure;
  }
  return Failure::kOther;
}

std::string one_line(std::string_view text, const std::string& password) {
  std::string line;
  for (char c : text) {
    if (c == '\n' || c == '\r' || c == '\t') c = ' ';
    if (c != ' ' || !line.ends_with(' ')) line += c;
  }
  while (line.ends_with(' ')) line.pop_back();
  for (std::size_t at = 0; !password.empty() && (at = line.find(password, at)) != std::string::npos;) {
    line.replace(at, password.size(), "[secret]");
    at += 8;
  }
  return line;
}

class PqxxRows final : public Rows {
 public:
  explicit PqxxRows(const pqxx::result& result) : result_(result) {}  // which is shared
  [[nodiscard]] std::size_t rows() const override { return result_.size(); }
  [[nodiscard]] std::size_t columns() const override { return result_.columns(); }
  [[nodiscard]] std::string_view name(std::size_t column) const override {
    return result_.column_name(static_cast<pqxx::row::size_type>(column));
  }
  [[nodiscard]] std::optional<std::string_view> at(std::size_t row, std::size_t column) const override {
    // Each row and field that libpqxx makes counts a reference to the result. So one field walks along the row.
    if (!field_ || row != row_) field_ = result_[static_cast<pqxx::result::size_type>(row)].begin();
    *field_ += static_cast<pqxx::row::difference_type>(column) - field_->num();
    row_ = row;
    if (field_->is_null()) return std::nullopt;
    return std::string_view(field_->c_str(), field_->size());
  }

 private:
  pqxx::result result_;
  mutable std::optional<pqxx::const_row_iterator> field_;  // the last that was asked for
  mutable std::size_t row_ = 0;
};

class PqxxSession final : public Session {
 public:
  PqxxSession(const std::string& parameters, std::string password)
      : connection_(parameters), quiet_(connection_), password_(std::move(password)) {
    // Otherwise it would connect again by itself and block without a deadline.
    connection_.inhibit_reactivation(true);
  }

  [[nodiscard]] int socket() const override { return connection_.sock(); }
  [[nodiscard]] bool is_open() const override { return connection_.is_open(); }

  Answered<std::unique_ptr<Rows>> ask(const Question& question) override {
    return guarded<std::unique_ptr<Rows>>([&] {
      const std::string& name = prepare(question.sql);
      pqxx::nontransaction work(connection_);
      return std::make_unique<PqxxRows>(question.parameter ? work.exec_prepared(name, *question.parameter)
                                                           : work.exec_prepared(name));
    });
  }

  // One message of several EXECUTE, which the server takes as one transaction.
  Answered<std::vector<std::unique_ptr<Rows>>> ask(std::span<const Question> questions) override {
    return guarded<std::vector<std::unique_ptr<Rows>>>([&] {
      pqxx::nontransaction work(connection_);
      pqxx::pipeline line(work);
      line.retain(static_cast<int>(questions.size()) + 1);
      std::vector<pqxx::pipeline::query_id> ids;
      for (const Question& question : questions) {
        const std::string& name = prepare(question.sql);
        connection_.prepare_now(name);
        ids.push_back(line.insert("EXECUTE " + name + (question.parameter ? "(" + *question.parameter + ")" : "")));
      }
      line.complete();
      std::vector<std::unique_ptr<Rows>> answers;
      for (const auto id : ids) answers.push_back(std::make_unique<PqxxRows>(line.retrieve(id)));
      return answers;
    });
  }

  Answered<std::unique_ptr<Rows>> ask_as_user(const std::string& sql) override {
    return guarded<std::unique_ptr<Rows>>([&] {
      pqxx::read_transaction work(connection_);
      work.exec0(R"(SET LOCAL search_path TO "$user", public)");
      return std::make_unique<PqxxRows>(work.exec(sql));
    });
  }

 private:
  // The name of the statement, which the server learns when it is first executed.
  const std::string& prepare(const std::string& sql) {
    if (const auto known = prepared_.find(sql); known != prepared_.end()) return known->second;
    const std::string& name = prepared_.emplace(sql, "upkeep_" + std::to_string(prepared_.size())).first->second;
    connection_.prepare(name, sql);
    return name;
  }

  template <class T, class F>
  Answered<T> guarded(F work) {
    const auto problem = [&](Failure why, const std::exception& error) {
      return std::unexpected(Problem{why, one_line(error.what(), password_)});
    };
    try {
      return work();
    } catch (const pqxx::broken_connection& error) {
      return problem(Failure::kLost, error);
    } catch (const pqxx::insufficient_privilege& error) {  // this one and the next come without their SQLSTATE
      return problem(Failure::kPermission, error);
    } catch (const pqxx::syntax_error& error) {
      return problem(by_class(error), error);
    } catch (const pqxx::sql_error& error) {
      return problem(connection_.is_open() ? by_sqlstate(error.sqlstate()) : Failure::kLost, error);
    } catch (const std::exception& error) {
      return problem(connection_.is_open() ? Failure::kOther : Failure::kLost, error);
    }
  }

  pqxx::connection connection_;
  pqxx::quiet_errorhandler quiet_;  // notices are nobody's business
  const std::string password_;
  std::unordered_map<std::string, std::string> prepared_;  // name of each statement
};

// https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING
void append(std::string& parameters, std::string_view key, std::string_view value) {
  parameters.append(key).append("='");
  for (char c : value) {
    if (c == '\'' || c == '\\') parameters += '\\';
    parameters += c;
  }
  parameters += "' ";
}

std::string parameters_of(const ConnectionSettings& settings) {
  const std::string timeout = std::to_string(settings.timeout_seconds);
  std::string parameters;
  append(parameters, "host", settings.host);
  append(parameters, "port", std::to_string(settings.port));
  append(parameters, "user", settings.user);
  append(parameters, "dbname", settings.database);
  if (!settings.password.empty()) append(parameters, "password", settings.password);
  append(parameters, "sslmode", settings.sslmode);
  append(parameters, "connect_timeout", timeout);
  append(parameters, "tcp_user_timeout", timeout + "000");
  append(parameters, "client_encoding", "UTF8");
  append(parameters, "application_name", "upkeep");
  append(parameters, "options", settings.options);
  return parameters;
}

Answered<std::unique_ptr<Session>> open(const ConnectionSettings& settings) {
  try {
    return std::make_unique<PqxxSession>(parameters_of(settings), settings.password);
  } catch (const std::exception& error) {
    const std::string message = one_line(error.what(), settings.password);
    return std::unexpected(Problem{by_message(message), message});
  }
}

}  // namespace
}  // namespace upkeep::postgres

upkeep::postgres::Answered<std::unique_ptr<upkeep::postgres::Session>>* upkeep_postgres_connect(
    const upkeep::postgres::ConnectionSettings& settings) {
  using namespace upkeep::postgres;
  return new Answered<std::unique_ptr<Session>>(open(settings));  // NOLINT(cppcoreguidelines-owning-memory): the ABI
}
