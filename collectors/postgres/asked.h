// One query in one database: when it was asked, what came of it, and what it cost.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "collectors/postgres/connections.h"
#include "collectors/postgres/view.h"

namespace upkeep::postgres {

class Asked {
 public:
  // `shown` is the label `datname`: empty for what is about the whole server.
  Asked(std::string_view name, std::string shown, std::chrono::milliseconds interval, std::unique_ptr<View> view,
        const Clock& clock, Log& log)
      : name_(name), shown_(std::move(shown)), interval_(interval), view_(std::move(view)), clock_(clock), log_(log) {}

  // A little early is as good: a run begins a moment sooner or later.
  [[nodiscard]] bool is_due(Clock::time_point now) const { return now >= next_ - interval_ / 10; }
  // Takes what came of asking, which began at `began`; `took`, where it was asked alone. Logs a change.
  void conclude(Answered<std::unique_ptr<Rows>> answer, Clock::time_point began, std::optional<Clock::duration> took,
                const std::string& server);
  // Publishes the last answer, unless it is too old to be true, and what asking costs.
  void publish(Clock::time_point now, const std::string& server, SampleSink& out) const;

  [[nodiscard]] std::string_view name() const { return name_; }
  [[nodiscard]] bool was_asked() const { return asked_at_.has_value(); }
  [[nodiscard]] bool failing() const { return failing_.has_value(); }
  [[nodiscard]] Clock::duration took() const { return took_; }

 private:
  const std::string_view name_;
  const std::string shown_;
  const std::chrono::milliseconds interval_;
  const std::unique_ptr<View> view_;
  const Clock& clock_;
  Log& log_;
  Clock::time_point next_{};
  std::optional<Clock::time_point> asked_at_, answered_at_;
  Clock::wall_time answered_wall_{};
  Clock::duration took_{};
  std::size_t rows_ = 0;
  std::optional<Failure> failing_;
};

using Which = std::pair<std::string_view, std::string>;  // query and database
using AllAsked = std::map<Which, Asked>;

std::span<const MetricDesc* const> asked_metrics();

}  // namespace upkeep::postgres
