// What becomes of the rows of a query.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "collectors/postgres/query.h"
#include "collectors/postgres/session.h"
#include "collectors/postgres/target.h"
#include "exporter/sample_sink.h"

namespace upkeep::postgres {

// Lives as long as the collector.
struct ViewContext {
  const Target& target;
  const std::string& datname;  // the database asked in
  RuntimeFamilies& families;
};

// Keeps the last answer and publishes it in each run until there is a newer one.
class View {
 public:
  virtual ~View() = default;
  // An answer that does not fit is a Problem, and the last one stays.
  virtual std::optional<Problem> take(std::unique_ptr<Rows> rows) = 0;
  virtual void publish(SampleSink& out) const = 0;
};

// The number in a cell; nothing when it is NULL or none.
std::optional<double> number_at(const Rows& rows, std::size_t row, std::size_t column);

}  // namespace upkeep::postgres
