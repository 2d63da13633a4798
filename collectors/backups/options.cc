#include "collectors/backups/options.h"

#include <fmt/format.h>

#include <algorithm>

#include "exporter/config_values.h"
#include "exporter/metric.h"

namespace upkeep::backups {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
constexpr std::uint64_t kTiB = std::uint64_t{1} << 40;
constexpr std::size_t kPatternsAtMost = 100;
constexpr std::size_t kChecksAtMost = 100;

bool is_name_byte(char c) { return naming::is_letter(c) || naming::is_digit(c) || c == '-' || c == '.'; }

std::string read_name(ConfigReader& config) {
  constexpr std::size_t kBytes = 100;  // with an ending it is the name of a file
  std::string name = config.text("name", "");
  const bool good = name.size() <= kBytes && std::ranges::all_of(name, is_name_byte) && !name.starts_with('.') &&
                    !name.starts_with('-');
  if (!good) {
    config.mistake("name", fmt::format("at most {} letters, digits, '_', '-' and '.' expected, of which the last two "
                                       "not at the beginning: it becomes part of file names",
                                       kBytes));
  }
  return name;
}

// Without what would make two ways of writing one path.
std::vector<std::string> read_patterns(ConfigReader& config) {
  std::vector<std::string> patterns = config.texts("files");
  for (const std::string& pattern : patterns) {
    const std::string whole = pattern + "/";
    const bool plain = whole.starts_with('/') && whole.size() > 2 && whole.find("//") == std::string::npos &&
                       whole.find("/./") == std::string::npos && whole.find("/../") == std::string::npos;
    if (!plain)
      config.mistake("files", fmt::format("the absolute path of files expected, without . and .., not '{}'", pattern));
  }
  if (patterns.size() > kPatternsAtMost) config.mistake("files", fmt::format("over {} patterns", kPatternsAtMost));
  return patterns;
}

std::string read_directory(ConfigReader& config, std::string_view key) {
  std::string directory = config.text(key, "");
  if (!directory.empty() && !directory.starts_with('/'))
    config.mistake(key, "the absolute path of a directory expected");
  while (directory.size() > 1 && directory.ends_with('/')) directory.pop_back();
  return directory;
}

// "50%": 0.5.
double read_percentage(ConfigReader& config, std::string_view key, std::string_view fallback) {
  const std::string text = config.text(key, fallback);
  if (text.ends_with('%')) {
    const auto number = parse_integer(std::string_view(text).substr(0, text.size() - 1));
    if (number && *number > 0 && *number <= 100) return static_cast<double>(*number) / 100;
  }
  config.mistake(key, fmt::format("a percentage from 1% to 100% expected, not '{}'", text));
  return 1;
}

// "50MiB/s".
std::uint64_t read_rate(ConfigReader& config, std::string_view key, std::string_view fallback) {
  const std::string text = config.text(key, fallback);
  if (text.ends_with("/s")) {
    const auto rate = parse_size(std::string_view(text).substr(0, text.size() - 2));
    if (rate && *rate >= kMiB) return *rate;
  }
  config.mistake(key, fmt::format("bytes per second expected, such as 50MiB/s and at least 1MiB/s, not '{}'", text));
  return kMiB;
}

VerifyOptions read_verify(ConfigReader& config) {
  const bool off = config.switched_off("verify");
  ConfigReader verify = config.section("verify");
  return {.enabled = !off,
          .bytes_per_second = read_rate(verify, "rate", "50MiB/s"),
          .within = verify.duration("within", 12h, 1s),
          .max_expanded_bytes = verify.size("max_expanded", kTiB)};
}

DrillOptions::Server read_server(ConfigReader& config) {
  constexpr std::size_t kPrefixBytes = 40;  // a name of Postgres has 63 at most, and more follows
  DrillOptions::Server server{
      .host = config.required_text("host"),
      .user = config.text("user", "upkeep_drill"),
      .database_prefix = config.text("database_prefix", "upkeep_drill_"),
      .port = static_cast<int>(config.integer("port", 5432, 1, 65535)),
      .password = config.secret_file("password_file"),
      .sslmode =
          config.choice("sslmode", "prefer", {"disable", "allow", "prefer", "require", "verify-ca", "verify-full"})};
  const std::string& prefix = server.database_prefix;
  const auto is_plain = [](char c) { return (c >= 'a' && c <= 'z') || naming::is_digit(c) || c == '_'; };
  const bool marked = prefix.find(DrillOptions::kMarker) != std::string::npos;
  if (!marked || prefix.size() > kPrefixBytes || !std::ranges::all_of(prefix, is_plain)) {
    config.mistake("database_prefix",
                   fmt::format("at most {} lower case letters, digits and underscores expected, with '{}' among them: "
                               "databases of such names are made and dropped",
                               kPrefixBytes, DrillOptions::kMarker));
  }
  return server;
}

DrillOptions read_drill(ConfigReader& config) {
  const bool off = config.switched_off("drill");
  const bool enabled = config.has("drill") && !off;
  ConfigReader drill = config.section("drill");
  ConfigReader expect = drill.section("expect");
  constexpr std::int64_t kMost = std::int64_t{1} << 53;
  DrillOptions options{.enabled = enabled,
                       .every = drill.duration("every", 7 * 24h, 1s),
                       .timeout = drill.duration("timeout", 2h, 1s),
                       .scratch = read_directory(drill, "scratch"),
                       .max_bytes = drill.size("max_bytes", 0),
                       .user = drill.text("user", "postgres"),
                       .programs = read_directory(drill, "programs"),
                       .server = std::nullopt,
                       .expect_tables = expect.integer("tables", 1, 0, kMost),
                       .expect_rows = expect.integer("rows", 0, 0, kMost),
                       .checks = drill.texts("checks")};
  if (options.checks.size() > kChecksAtMost) drill.mistake("checks", fmt::format("over {} checks", kChecksAtMost));
  ConfigReader server = drill.section("server");
  if (drill.has("server")) options.server = read_server(server);
  return options;
}

std::optional<ReportOptions> read_report(ConfigReader& config) {
  ConfigReader report = config.section("report");
  if (!config.has("report")) return std::nullopt;
  ReportOptions options{
      .kind = report.required_text("kind"), .file = report.required_text("file"), .name = report.text("name", "")};
  report.choice("kind", "pgbackrest", {"pgbackrest", "barman", "restic", "wal-g"});
  if (!options.file.empty() && !options.file.starts_with('/'))
    report.mistake("file", "the absolute path of a file or directory expected");
  while (options.file.size() > 1 && options.file.ends_with('/')) options.file.pop_back();
  return options;
}

}  // namespace

Options read_options(ConfigReader& config) {
  ConfigReader archive = config.section("archive");
  Options options{.name = read_name(config),
                  .files = read_patterns(config),
                  .max_age = config.duration("max_age", 26h, 1s),
                  .interval_expected = config.duration("every", 24h, 1s),
                  .min_size = config.size("min_size", 1),
                  .max_shrink = read_percentage(config, "max_shrink", "50%"),
                  .retain = config.duration("retain", 0s),
                  .settle = config.duration("settle", 30s),
                  .archive = {.files = read_patterns(archive), .max_age = archive.duration("max_age", 32 * 24h, 1s)},
                  .verify = read_verify(config),
                  .drill = read_drill(config),
                  .report = read_report(config)};
  if (options.files.empty() == !options.report) config.mistake("", "`files` expected, or a `report`, and not both");
  if (options.drill.enabled && options.files.empty())
    config.mistake("drill", "`files` expected: what a report tells of cannot be restored");
  return options;
}

}  // namespace upkeep::backups
