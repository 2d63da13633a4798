#include "collectors/backups/drill_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "exporter/state_file.h"
#include "exporter/text.h"

namespace upkeep::backups {
namespace {

// The first line: whose file it is, and of which version.
constexpr std::string_view kFirstLine = "upkeep drill 1";
constexpr std::size_t kTextBytes = 4096;  // of a path or message

constexpr std::array kReasons = {
    std::pair{DrillReason::kNone, "none"},          std::pair{DrillReason::kNoBackup, "no_backup"},
    std::pair{DrillReason::kNoSpace, "no_space"},   std::pair{DrillReason::kNoPrograms, "no_programs"},
    std::pair{DrillReason::kVersion, "version"},    std::pair{DrillReason::kRestore, "restore"},
    std::pair{DrillReason::kTables, "tables"},      std::pair{DrillReason::kRows, "rows"},
    std::pair{DrillReason::kCheck, "check"},        std::pair{DrillReason::kTimeout, "timeout"},
    std::pair{DrillReason::kTooLarge, "too_large"}, std::pair{DrillReason::kServer, "server"},
    std::pair{DrillReason::kMarker, "marker"},      std::pair{DrillReason::kKilled, "killed"},
    std::pair{DrillReason::kOther, "other"},
};

// The members that are numbers, by the names of their lines.
constexpr std::array kTimes = {
    std::pair{"backup_timestamp", &DrillResult::backup_timestamp},
    std::pair{"started", &DrillResult::started},
    std::pair{"finished", &DrillResult::finished},
    std::pair{"seconds", &DrillResult::seconds},
    std::pair{"last_success", &DrillResult::last_success},
};
constexpr std::array kCounts = {
    std::pair{"tables", &DrillResult::tables},
    std::pair{"rows", &DrillResult::rows},
    std::pair{"checks", &DrillResult::checks},
    std::pair{"failed_checks", &DrillResult::failed_checks},
};

// On one line: what would end it becomes a space.
std::string one_line(std::string_view text) {
  std::string line(text.substr(0, kTextBytes));
  std::ranges::replace_if(
      line, [](unsigned char c) { return c < 0x20 || c == 0x7F; }, ' ');
  return line;
}

// Paths may hold any byte.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, kTextBytes)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F || c == '%') {
      out += fmt::format("%{:02X}", byte);
    } else {
      out += c;
    }
  }
  return out;
}

std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = text[i] == '%' ? to_u64(text.substr(i + 1, 2), 16) : std::nullopt;
    out += byte ? static_cast<char>(*byte) : text[i];
    if (byte) i += 2;
  }
  return out;
}

std::optional<DrillReason> reason_of(std::string_view word) {
  const auto* const found = std::ranges::find(kReasons, word, [](const auto& pair) { return pair.second; });
  return found == kReasons.end() ? std::nullopt : std::optional(found->first);
}

// One line of a record. False: its value is none.
bool take(std::string_view key, std::string_view value, DrillResult& result) {
  if (key == "message") result.message = value.substr(0, kTextBytes);
  if (key == "backup") result.backup_path = unescaped(value.substr(0, 3 * kTextBytes));
  if (key == "reason") result.reason = reason_of(value).value_or(DrillReason::kOther);
  for (const auto& [name, member] : kTimes) {
    if (key != name) continue;
    const auto number = to_number(value);
    if (!number || !std::isfinite(*number) || *number < 0) return false;
    result.*member = *number;
  }
  for (const auto& [name, member] : kCounts) {
    if (key != name) continue;
    const auto number = to_u64(value);
    if (!number) return false;
    result.*member = *number;
  }
  return true;
}

}  // namespace

std::string_view to_string(DrillReason reason) {
  const auto* const found = std::ranges::find(kReasons, reason, [](const auto& pair) { return pair.first; });
  return found == kReasons.end() ? "other" : found->second;
}

std::string to_text(const DrillResult& result) {
  std::string text = fmt::format("{}\nreason {}\nmessage {}\nbackup {}\n", kFirstLine, to_string(result.reason),
                                 one_line(result.message), escaped(result.backup_path));
  for (const auto& [name, member] : kTimes) text += fmt::format("{} {}\n", name, result.*member);
  for (const auto& [name, member] : kCounts) text += fmt::format("{} {}\n", name, result.*member);
  return text + "end\n";
}

Result<DrillResult> parse_drill_result(std::string_view text) {
  if (!text.starts_with(kFirstLine) || !text.ends_with("\nend\n"))
    return fail(ErrorCode::kParse, fmt::format("'{}' ... 'end' expected", kFirstLine));
  DrillResult result;
  bool has_reason = false;
  for (std::string_view line : Lines(text)) {
    const std::size_t blank = std::min(line.find(' '), line.size());
    const std::string_view key = line.substr(0, blank);
    const std::string_view value = blank < line.size() ? line.substr(blank + 1) : "";
    has_reason = has_reason || key == "reason";
    if (!take(key, value, result)) return fail(ErrorCode::kParse, fmt::format("{}: a number expected", key));
  }
  if (!has_reason) return fail(ErrorCode::kParse, "no reason");
  return result;
}

std::string drill_record_path(const std::string& state, std::string_view name) {
  return fmt::format("{}/backups/{}.drill", state, name);
}

Result<std::optional<DrillResult>> read_drill_result(const std::string& state, std::string_view name) {
  const std::string path = drill_record_path(state, name);
  const auto text = read_state_file(path, std::size_t{64} << 10);
  if (!text && text.error().code == ErrorCode::kNotFound) return std::nullopt;
  if (!text) return std::unexpected(text.error());
  auto result = parse_drill_result(*text);
  if (!result) return fail(ErrorCode::kParse, path + ": " + result.error().message);
  return *std::move(result);
}

Result<> write_drill_result(const std::string& state, std::string_view name, const DrillResult& result) {
  return write_state_file(drill_record_path(state, name), to_text(result));
}

}  // namespace upkeep::backups
