// Certificates: in files and as endpoints serve them, how long they last, whether they are to be trusted, and whether
// what lies on disk is what is served. See files.h, visit.h and certbot.h; library.h is the door to OpenSSL.
#include <algorithm>
#include <utility>

#include "collectors/all.h"
#include "collectors/certificates/families.h"
#include "collectors/certificates/options.h"
#include "collectors/certificates/publish.h"
#include "exporter/log.h"

namespace upkeep {
namespace certificates {
namespace {

using namespace std::chrono_literals;

// Those of the configuration, and those that endpoints should serve.
std::vector<Source> all_sources(const Options& options) {
  std::vector<Source> sources = options.sources;
  for (const Endpoint& endpoint : options.endpoints) {
    const bool known =
        std::ranges::any_of(sources, [&](const Source& source) { return source.pattern == endpoint.file; });
    if (!endpoint.file.empty() && !known) sources.push_back({.pattern = endpoint.file, .notice = endpoint.notice});
  }
  return sources;
}

class Certificates final : public Collector {
 public:
  Certificates(const Options& options, const Environment& environment)
      : environment_(environment),
        certbot_options_(options.certbot),
        files_(all_sources(options)),
        endpoints_(options.endpoints, options.connections, environment),
        differences_(environment.state) {
    if (!differences_.loaded())
      environment_.log.warn("What was known of certificates is lost", {{"err", differences_.loaded().error().message}});
  }

  Result<> collect(const Run& run, SampleSink& out) override {
    files_.look(environment_.fs);
    for (const SourceState& source : files_.states()) {
      for (const Reason reason : source.reasons) ++errors_[{source.name, reason}];
    }
    log_failures();
    const CertbotState certbot = look_at_certbot(environment_.fs, certbot_options_);
    const Result<> visited = endpoints_.look(run.deadline - 500ms, run.stop);
    const Result<> kept = compare();
    const double now = unix_seconds(environment_.clock.wall());
    publish_files(files_, errors_, now, out);
    publish_certbot(certbot, certbot_options_, out);
    publish_endpoints(endpoints_, files_, differences_, out);
    if (!endpoints_.all().empty()) out.add(kStateFailed, kept ? 0 : 1);
    return outcome(visited, !certbot.lineages.empty());
  }

 private:
  // What is served with what lies on disk. Where one of them is not known, what was known of both stays.
  Result<> compare() {
    const auto now = static_cast<std::int64_t>(unix_seconds(environment_.clock.wall()));
    const auto& endpoints = endpoints_.all();
    for (std::size_t place = 0; place < endpoints.size(); ++place) {
      const auto file = files_.files().find(endpoints[place].file);
      const auto& served = endpoints_.state_of(place).served;
      if (!served || file == files_.files().end() || !file->second.bundle) continue;
      const bool differs = served->chain.front().fingerprint != file->second.bundle->certificates.front().fingerprint;
      differences_.note(endpoints[place].name, differs, now);
    }
    return differences_.keep([&](const std::string& name) {
      return std::ranges::any_of(endpoints, [&](const Endpoint& one) { return one.name == name && !one.file.empty(); });
    });
  }

  Result<> outcome(const Result<>& visited, bool has_lineages) const {
    if (!visited) return visited;
    if (!endpoints_.all().empty()) return {};
    if (const auto& failure = files_.failure()) {
      const ErrorCode code = failure->reason == Reason::kPermission ? ErrorCode::kPermission : ErrorCode::kSystem;
      return fail(code, failure->message);
    }
    if (files_.files().empty() && !has_lineages) return fail(ErrorCode::kNoData, "no certificates are here");
    return {};
  }

  // Once each, when it begins.
  void log_failures() {
    std::map<std::string, std::string, std::less<>> now;
    for (const auto& [path, file] : files_.files()) {
      if (file.problem) now.emplace(path, file.problem->message);
      if (file.key_problem) now.emplace(file.key_path, file.key_problem->message);
    }
    for (const auto& [path, message] : now) {
      const auto before = logged_.find(path);
      if (before == logged_.end() || before->second != message)
        environment_.log.warn("Certificate cannot be read", {{"path", path}, {"err", message}});
    }
    logged_ = std::move(now);
  }

  const Environment environment_;
  const CertbotOptions certbot_options_;
  Files files_;
  Endpoints endpoints_;
  DifferenceRecord differences_;
  ErrorCounts errors_;
  std::map<std::string, std::string, std::less<>> logged_;  // what is wrong, by path
};

Result<std::unique_ptr<Collector>> make(ConfigReader& config, const Environment& environment) {
  return std::make_unique<Certificates>(read_options(config), environment);
}

}  // namespace
}  // namespace certificates

const CollectorType certificates_collector = {
    .name = "certificates",
    .section = "certificates",
    .help = "Certificates, in files and as they are served: how long they last, and whether they are to be trusted.",
    .cadence = Cadence::kInterval,
    .metrics = certificates::kAllFamilies,
    .make = certificates::make,
    .max_series = limits::kSeriesOfCertificates,
    .interval = std::chrono::minutes(1),
    .timeout = std::chrono::seconds(30),
};

}  // namespace upkeep
