#include "collectors/certificates/differences.h"

#include <fmt/format.h>

#include "exporter/limits.h"
#include "exporter/state_file.h"
#include "exporter/text.h"

namespace upkeep::certificates {
namespace {

constexpr std::string_view kFirstLine = "upkeep certificates 1";
constexpr std::size_t kBytes = std::size_t{1} << 20;

}  // namespace

std::string to_text(const Differences& differences) {
  std::string text = fmt::format("{}\n", kFirstLine);
  for (const auto& [endpoint, since] : differences) text += fmt::format("{} {}\n", since, endpoint);
  return text + "end\n";
}

Result<Differences> parse_differences(std::string_view text) {
  const auto malformed = [] { return fail(ErrorCode::kParse, fmt::format("'{}' ... 'end' expected", kFirstLine)); };
  const std::string first = std::string(kFirstLine) + "\n";
  constexpr std::string_view kEnd = "end\n";
  if (!text.starts_with(first) || !text.ends_with("\nend\n")) return malformed();
  text.remove_prefix(first.size());
  text.remove_suffix(std::min(text.size(), kEnd.size()));
  Differences differences;
  for (const std::string_view line : Lines(text)) {
    const std::size_t blank = line.find(' ');
    if (blank == std::string_view::npos || differences.size() >= limits::kCertificateEndpoints) return malformed();
    const auto since = to_i64(line.substr(0, blank));
    if (!since || *since < 0) return malformed();
    differences.emplace(line.substr(blank + 1), *since);
  }
  return differences;
}

DifferenceRecord::DifferenceRecord(const std::string& state)
    : path_(state.empty() ? "" : state + "/certificates/differences") {
  if (path_.empty()) return;
  const auto text = read_state_file(path_, kBytes);
  if (!text) {
    if (text.error().code != ErrorCode::kNotFound) loaded_ = std::unexpected(text.error());
    return;
  }
  auto parsed = parse_differences(*text);
  if (parsed) {
    differences_ = *std::move(parsed);
  } else {
    loaded_ = fail(parsed.error().code, path_ + ": " + parsed.error().message);
  }
}

void DifferenceRecord::note(const std::string& endpoint, bool differs, std::int64_t now) {
  if (differs) {
    is_changed_ = differences_.try_emplace(endpoint, now).second || is_changed_;
  } else {
    is_changed_ = differences_.erase(endpoint) > 0 || is_changed_;
  }
}

std::optional<std::int64_t> DifferenceRecord::since(std::string_view endpoint) const {
  const auto found = differences_.find(endpoint);
  if (found == differences_.end()) return std::nullopt;
  return found->second;
}

Result<> DifferenceRecord::write() {
  if (!is_changed_ || path_.empty()) return {};
  UPKEEP_CHECK(write_state_file(path_, to_text(differences_)));
  is_changed_ = false;
  return {};
}

}  // namespace upkeep::certificates
