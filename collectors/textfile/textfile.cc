// Metrics that other programs leave in files: NAME.prom in the text format, renamed into place when written whole.
//   # HELP backup_last_success_seconds When the last backup ended.
//   # TYPE backup_last_success_seconds gauge
//   backup_last_success_seconds{job="nightly"} 1.7e+09
// A file that is bad in any way is left out as a whole, and alone.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <unordered_set>
#include <vector>

#include "collectors/all.h"
#include "collectors/textfile/exposition_parser.h"
#include "exporter/config.h"
#include "exporter/filesystem.h"
#include "exporter/utf8.h"

namespace upkeep {
namespace {

constexpr MetricDesc kMtime =
    gauge("node_textfile_mtime_seconds", "When a textfile that was read without error was last written.", {"file"});
constexpr MetricDesc kScrapeError =
    gauge("node_textfile_scrape_error", "Whether a textfile, or a directory of them, could not be used.");
constexpr MetricDesc kError =
    gauge("upkeep_textfile_error", "1 for each textfile that is left out, and why.", {"file", "reason"});
constexpr const MetricDesc* kMetrics[] = {&kMtime, &kScrapeError, &kError};

// Why a file is left out: the word for the label, and the whole sentence.
struct Refusal {
  std::string_view reason;
  std::string message;
};
template <class T = void>
using Accepted = std::expected<T, Refusal>;

std::unexpected<Refusal> refuse(std::string_view reason, std::string message) {
  return std::unexpected(Refusal{reason, std::move(message)});
}

// A message of the file system without the path that it begins with.
std::string why(const Error& error) {
  const std::size_t colon = error.message.rfind(": ");
  return error.message.substr(colon == std::string::npos ? 0 : colon + 2);
}

std::string_view to_reason(ExpositionProblem problem) {
  switch (problem) {
    case ExpositionProblem::kUtf8:
      return "utf8";
    case ExpositionProblem::kTimestamp:
      return "timestamp";
    case ExpositionProblem::kDuplicate:
      return "duplicate";
    case ExpositionProblem::kSyntax:
      break;
  }
  return "syntax";
}

// Names that collectors of this program speak, whether they run or not.
std::unordered_set<std::string_view> own_names() {
  std::unordered_set<std::string_view> names;
  for (const CollectorType* type : all_collectors()) {
    for (const MetricDesc* desc : type->metrics) names.insert(desc->name);
  }
  return names;
}

// The families of all files. They agree with each other, or the later file is out.
class Merged {
 public:
  explicit Merged(const std::unordered_set<std::string_view>& own) : own_(own) {}

  Accepted<> accept(std::vector<ExpositionFamily> families, const std::string& path) {
    std::vector<std::string> keys;
    for (const ExpositionFamily& family : families) {
      if (own_.contains(family.name) || family.name.starts_with("upkeep_")) {
        return refuse("clash", fmt::format("{}: belongs to Upkeep itself", family.name));
      }
      if (const auto known = families_.find(family.name); known != families_.end()) {
        const ExpositionFamily& other = known->second.family;
        const bool agrees = other.type == family.type && (!other.help || !family.help || other.help == family.help);
        if (!agrees) {
          return refuse("clash", fmt::format("{}: other TYPE or HELP than in {}", family.name, known->second.path));
        }
      }
      for (const ExpositionSample& sample : family.samples) keys.push_back(series_key(family, sample));
    }
    for (const std::string& key : keys) {
      if (series_.contains(key)) return refuse("duplicate", "a series that an earlier file has");
    }
    constexpr std::size_t kMost = limits::kSeriesPerCollector - 3 * limits::kTextfiles;
    if (series_.size() + keys.size() > kMost) {
      return refuse("too_large", fmt::format("with it over {} series in all", kMost));
    }
    for (std::string& key : keys) series_.insert(std::move(key));
    for (ExpositionFamily& family : families) add(std::move(family), path);
    return {};
  }

  struct Origin {
    ExpositionFamily family;
    std::string path;  // of the file that named it first
  };
  [[nodiscard]] const std::map<std::string, Origin>& families() const { return families_; }

 private:
  void add(ExpositionFamily family, const std::string& path) {
    const auto [found, is_new] = families_.try_emplace(family.name);
    Origin& origin = found->second;
    if (is_new) {
      origin = {std::move(family), path};
      return;
    }
    if (!origin.family.help) origin.family.help = std::move(family.help);
    for (ExpositionSample& sample : family.samples) origin.family.samples.push_back(std::move(sample));
  }

  const std::unordered_set<std::string_view>& own_;
  std::map<std::string, Origin> families_;
  std::unordered_set<std::string> series_;
};

class Textfile final : public Collector {
 public:
  Textfile(ConfigReader& config, const Environment& environment)
      : fs_(environment.fs),
        clock_(environment.clock),
        directories_(config.texts("directory")),
        max_age_(config.duration("max_age", std::chrono::milliseconds(0))) {
    for (std::string& directory : directories_) {
      if (!directory.starts_with('/')) config.mistake("directory", "an absolute path expected");
      while (directory.size() > 1 && directory.ends_with('/')) directory.pop_back();
    }
  }

  Result<> collect(const Run& run, SampleSink& out) override {
    problem_ = {};
    failed_ = false;
    Merged merged(own_);
    std::size_t files = 0;
    for (const std::string& directory : directories_) add_directory(run, directory, files, merged, out);
    for (const auto& [name, origin] : merged.families()) add_family(origin, out);
    out.add(kScrapeError, failed_ ? 1 : 0);
    if (directories_.empty()) return fail(ErrorCode::kNoData, "no directory of textfiles");
    return problem_;
  }

 private:
  void add_directory(const Run& run, const std::string& directory, std::size_t& files, Merged& merged,
                     SampleSink& out) {
    const auto entries = fs_.list(std::string_view(directory).substr(1));
    if (!entries) return note(entries.error());
    for (const DirectoryEntry& entry : *entries) {
      if (!entry.name.ends_with(".prom") || entry.is_directory) continue;
      if (++files > limits::kTextfiles) {
        return note({ErrorCode::kLimit, fmt::format("{}: over {} textfiles", directory, limits::kTextfiles)});
      }
      if (clock_.now() > run.deadline || run.stop.stop_requested()) {
        return note({ErrorCode::kTimeout, fmt::format("{}: no time left for all textfiles", directory)});
      }
      add_file(fmt::format("{}/{}", directory == "/" ? "" : directory, entry.name), merged, out);
    }
  }

  void add_file(const std::string& path, Merged& merged, SampleSink& out) {
    const auto status = fs_.status(std::string_view(path).substr(1));
    if (!status && status.error().code == ErrorCode::kNotFound) return;  // replaced or removed meanwhile
    Accepted<> accepted = status ? use(path, *status, merged) : refuse("unreadable", why(status.error()));
    if (accepted || accepted.error().reason == "stale") {
      out.add(kMtime, std::floor(status->modified_unix_seconds), {path});
    }
    if (accepted) return;
    failed_ = true;
    out.add(kError, 1, {path, accepted.error().reason});
    const auto& [reason, message] = accepted.error();
    if (reason != "stale") note({ErrorCode::kParse, fmt::format("{}: {}", path, message)});
  }

  Accepted<> use(const std::string& path, const FileStatus& status, Merged& merged) {
    if (!status.is_regular) return refuse("unreadable", "not a regular file");
    const double age = unix_seconds(clock_.wall()) - status.modified_unix_seconds;
    if (max_age_.count() > 0 && age > to_seconds(max_age_)) return refuse("stale", "older than max_age");
    const auto text =
        status.size_bytes <= limits::kTextfileBytes ? fs_.read(std::string_view(path).substr(1)) : std::string();
    if (!text) return refuse("unreadable", why(text.error()));
    if (std::max<std::uint64_t>(status.size_bytes, text->size()) > limits::kTextfileBytes) {
      return refuse("too_large", fmt::format("over {} bytes", limits::kTextfileBytes));
    }
    auto families = parse_exposition(*text);
    if (!families) {
      const ExpositionFault& fault = families.error();
      return refuse(to_reason(fault.problem), fmt::format("line {}: {}", fault.line, fault.message));
    }
    return merged.accept(*std::move(families), path);
  }

  void add_family(const Merged::Origin& origin, SampleSink& out) {
    const ExpositionFamily& family = origin.family;
    std::string help = family.help.value_or(fmt::format("Metric read from {}", origin.path));
    std::ranges::replace(help, '\n', ' ');
    help.resize(utf8_boundary(help, limits::kHelpBytes));
    // One table for each type: a family may come back with another one.
    const auto desc = families_[static_cast<std::size_t>(family.type)].get(family.name, family.type, help);
    if (!desc) return note(desc.error());
    std::vector<SampleSink::Label> labels;
    for (const ExpositionSample& sample : family.samples) {
      labels.clear();
      for (const auto& [name, value] : sample.labels) labels.push_back({name, value});
      out.add_line(**desc, sample.suffix, labels, sample.value);
    }
  }

  // Remembers the first problem.
  void note(Error error) {
    failed_ = true;
    if (problem_) problem_ = std::unexpected(std::move(error));
  }

  FileSystem& fs_;
  const Clock& clock_;
  std::vector<std::string> directories_;
  std::chrono::milliseconds max_age_;
  std::unordered_set<std::string_view> own_ = own_names();
  std::array<RuntimeFamilies, 5> families_;  // by type
  Result<> problem_;                         // of the present run
  bool failed_ = false;
};

Result<std::unique_ptr<Collector>> make(ConfigReader& config, const Environment& environment) {
  return std::make_unique<Textfile>(config, environment);
}

}  // namespace

const CollectorType textfile_collector = {
    .name = "textfile",
    .section = "textfile",
    .help = "Metrics that other programs leave in files.",
    .cadence = Cadence::kInterval,
    .metrics = kMetrics,
    .make = make,
    .node_exporter = true,
};

}  // namespace upkeep
