// Since when the certificate that is served is not the one on disk. Kept in the state directory, so that a restart of
// the program does not make an old fault a new one.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "exporter/result.h"

namespace upkeep::certificates {

using Differences = std::map<std::string, std::int64_t, std::less<>>;  // endpoint -> Unix time

// A line each: "1700000000 name".
std::string to_text(const Differences& differences);
Result<Differences> parse_differences(std::string_view text);

class DifferenceRecord {
 public:
  // `state`: the directory; empty: nothing is remembered.
  explicit DifferenceRecord(const std::string& state);

  // What is known of an endpoint at `now`. Nothing: they are alike.
  void note(const std::string& endpoint, bool differs, std::int64_t now);
  [[nodiscard]] std::optional<std::int64_t> since(std::string_view endpoint) const;
  // Forgets all that `endpoint` does not hold for, and writes down what has changed.
  template <class IsKnown>
  Result<> keep(const IsKnown& is_known) {
    if (std::erase_if(differences_, [&](const auto& one) { return !is_known(one.first); }) > 0) is_changed_ = true;
    return write();
  }
  [[nodiscard]] const Result<>& loaded() const { return loaded_; }

 private:
  Result<> write();

  const std::string path_;
  Differences differences_;
  bool is_changed_ = false;
  Result<> loaded_;
};

}  // namespace upkeep::certificates
