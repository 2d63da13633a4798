// Which operating system this is. https://www.freedesktop.org/software/systemd/man/latest/os-release.html
//   PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
//   NAME="Debian GNU/Linux"
//   VERSION_ID="12"
//   ID=debian
#include <array>
#include <chrono>
#include <utility>

#include "collectors/all.h"
#include "collectors/host/refresh.h"
#include "exporter/filesystem.h"
#include "exporter/text.h"

namespace upkeep {

namespace {

constexpr auto kRefresh = std::chrono::seconds(60);
constexpr std::array<std::string_view, 2> kPaths = {"etc/os-release", "usr/lib/os-release"};

constexpr MetricDesc kInfo = gauge("node_os_info", "Always 1; labels are what os-release says.",
                                   {"build_id", "id", "id_like", "image_id", "image_version", "name", "pretty_name",
                                    "variant", "variant_id", "version", "version_codename", "version_id"});
constexpr MetricDesc kVersion =
    gauge("node_os_version", "The version as a number: major, or major.minor.", {"id", "id_like", "name"});
constexpr MetricDesc kSupportEnd =
    gauge("node_os_support_end_timestamp_seconds", "When the operating system is no longer supported.");
constexpr const MetricDesc* kMetrics[] = {&kInfo, &kVersion, &kSupportEnd};

// The variables read; the first twelve are the labels of kInfo, in their order.
constexpr std::array<std::string_view, 13> kVariables = {
    "BUILD_ID", "ID",         "ID_LIKE", "IMAGE_ID",         "IMAGE_VERSION", "NAME",       "PRETTY_NAME",
    "VARIANT",  "VARIANT_ID", "VERSION", "VERSION_CODENAME", "VERSION_ID",    "SUPPORT_END"};
enum Variable : std::size_t { kId = 1, kIdLike = 2, kName = 5, kVersionId = 11, kSupportEndDate = 12 };

using Release = std::array<std::string, kVariables.size()>;

// The value of an assignment, as a shell reads it.
Result<std::string> unquote(std::string_view text) {
  std::string value;
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\\' && quote != '\'' && i + 1 < text.size()) {
      value += text[++i];
    } else if (quote == 0 && (c == '"' || c == '\'')) {
      quote = c;
    } else if (c == quote) {
      quote = 0;
    } else {
      value += c;
    }
  }
  if (quote != 0) return fail(ErrorCode::kParse, "a quote is not closed");
  return value;
}

Result<Release> parse(std::string_view text) {
  Release release;
  for (std::string_view line : Lines(text)) {
    line = trim(line);
    if (line.empty() || line.front() == '#') continue;
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) return fail(ErrorCode::kParse, "NAME=value expected");
    for (std::size_t i = 0; i < kVariables.size(); ++i) {
      if (line.substr(0, equals) != kVariables[i]) continue;
      UPKEEP_TRY(release[i], unquote(line.substr(equals + 1)));
    }
  }
  return release;
}

// "12", "22.04": the digits at the start, and those after a point.
std::optional<double> parse_version(std::string_view text) {
  const auto digits = [&](std::size_t from) {
    while (from < text.size() && text[from] >= '0' && text[from] <= '9') ++from;
    return from;
  };
  std::size_t end = digits(0);
  if (end == 0) return std::nullopt;
  if (end < text.size() && text[end] == '.') end = digits(end + 1);
  if (text[end - 1] == '.') --end;
  return to_number(text.substr(0, end));
}

// "2028-06-30": midnight UTC, in seconds since 1970.
std::optional<double> parse_date(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto year = to_u64(text.substr(0, 4));
  const auto month = to_u64(text.substr(5, 2));
  const auto day = to_u64(text.substr(8, 2));
  if (!year || !month || !day) return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year(static_cast<int>(*year)),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok()) return std::nullopt;
  return static_cast<double>(std::chrono::seconds(std::chrono::sys_days(date).time_since_epoch()).count());
}

class OsRelease final : public Collector {
 public:
  explicit OsRelease(const Environment& environment) : fs_(environment.fs), clock_(environment.clock) {}

  Result<> collect(const Run&, SampleSink& out) override {
    if (refresh_.due(clock_.now())) {
      auto release = read();
      if (!release) {
        refresh_.hurry();
        return std::unexpected(release.error());
      }
      release_ = *std::move(release);
      version_ = parse_version(release_[kVersionId]);
      support_end_ = parse_date(release_[kSupportEndDate]);
    }
    std::array<std::string_view, kVariables.size() - 1> labels;
    for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = release_[i];
    out.add(kInfo, 1, labels);
    if (version_ && *version_ > 0) out.add(kVersion, *version_, {release_[kId], release_[kIdLike], release_[kName]});
    if (support_end_) out.add(kSupportEnd, *support_end_);
    if (!support_end_ && !release_[kSupportEndDate].empty()) {
      return fail(ErrorCode::kParse, "os-release: SUPPORT_END: a date as 2028-06-30 expected");
    }
    return {};
  }

 private:
  Result<Release> read() {
    for (const std::string_view path : kPaths) {
      const auto text = fs_.read(path);
      if (!text && text.error().code == ErrorCode::kNotFound) continue;
      if (!text) return std::unexpected(text.error());
      auto release = parse(*text);
      if (!release) return fail(release.error().code, std::string(path) + ": " + release.error().message);
      return release;
    }
    return fail(ErrorCode::kNoData, "no os-release in etc or usr/lib");
  }

  FileSystem& fs_;
  const Clock& clock_;
  Refresh refresh_{kRefresh};
  Release release_;
  std::optional<double> version_, support_end_;
};

Result<std::unique_ptr<Collector>> make(ConfigReader&, const Environment& environment) {
  return std::make_unique<OsRelease>(environment);
}

}  // namespace

const CollectorType os_release_collector = {
    .name = "os",
    .section = "host",
    .help = "Name and version of the operating system.",
    .metrics = kMetrics,
    .make = make,
    .node_exporter = true,
};

}  // namespace upkeep
