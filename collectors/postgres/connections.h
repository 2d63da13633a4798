// The connections to one server: at most one a database, within a budget, kept open, each made again when it is lost.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "collectors/postgres/session.h"
#include "collectors/postgres/target.h"
#include "collectors/postgres/watchdog.h"
#include "exporter/clock.h"
#include "exporter/log.h"

namespace upkeep::postgres {

class Connections {
 public:
  Connections(const Target& target, const Clock& clock, Log& log) : target_(target), clock_(clock), log_(log) {}

  // Asks in `database`, connecting first when need be. Gives the server until `deadline`, then the connection is ended.
  using Answer = Answered<std::unique_ptr<Rows>>;
  Answer ask(const std::string& database, const Question& question, Clock::time_point deadline);
  Answer ask_as_user(const std::string& database, const std::string& sql, Clock::time_point deadline);
  // All of them in one trip; if one fails, so do all.
  using Answers = Answered<std::vector<std::unique_ptr<Rows>>>;
  Answers ask(const std::string& database, std::span<const Question> questions, Clock::time_point deadline);
  // Whether the last attempt to reach it failed.
  [[nodiscard]] bool is_lost(const std::string& database) const;

  // Forgets databases that are no more.
  template <class Known>
  void keep_only(const Known& known) {
    std::erase_if(connections_, [&](const auto& item) { return !known(item.first); });
  }

  // Closes the others: a database that somebody is connected to cannot be dropped.
  void keep_only_open(const std::string& database);

  struct State {
    std::unique_ptr<Session> session;
    Clock::time_point used_at{}, next_try{};
    std::uint32_t failures = 0;  // attempts in a row
    std::optional<Failure> failing;
  };
  // By database: those that were tried.
  [[nodiscard]] const std::map<std::string, State>& states() const { return connections_; }
  [[nodiscard]] std::size_t open() const;
  [[nodiscard]] std::uint64_t opened_total() const { return opened_; }
  [[nodiscard]] std::uint64_t deadlines_total() const { return deadlines_; }

 private:
  template <class Result, class Call>
  Result reach(const std::string& database, Clock::time_point deadline, Call call);
  std::optional<Problem> ensure_open(const std::string& database, State& state, Clock::time_point deadline);
  void make_room();
  void note(const std::string& database, State& state, const std::optional<Problem>& problem);

  const Target& target_;
  const Clock& clock_;
  Log& log_;
  Watchdog watchdog_;
  std::map<std::string, State> connections_;
  std::uint64_t opened_ = 0, deadlines_ = 0;
};

}  // namespace upkeep::postgres
