#include "collectors/certificates/certbot.h"

#include <fmt/format.h>

#include "exporter/limits.h"
#include "exporter/text.h"

namespace upkeep::certificates {
namespace {

// certbot starts a log a run: letsencrypt.log, before it letsencrypt.log.1 and so on. `certbot certificates` leaves one
// too, and is no attempt.
constexpr int kLogsLookedAt = 10;

void look_at_logs(FileSystem& fs, const std::string& log, CertbotState& state) {
  for (int i = 0; i < kLogsLookedAt; ++i) {
    const std::string path = i == 0 ? log.substr(1) : fmt::format("{}.{}", log.substr(1), i);
    const auto status = fs.status(path);
    if (!status) return;
    const auto text = fs.read(path);
    const auto failed = text ? failed_renewals(*text) : std::nullopt;
    if (!failed) continue;
    state.last_attempt = status->modified_unix_seconds;
    for (Lineage& lineage : state.lineages) lineage.has_failed = failed->contains(lineage.name);
    return;
  }
}

}  // namespace

bool is_renewal_configuration(std::string_view text) {
  bool has_parameters = false;
  for (const std::string_view line : Lines(text)) {
    const std::string_view words = trim(line);
    has_parameters = has_parameters || words == "[renewalparams]";
    if (!words.starts_with("autorenew")) continue;
    const std::size_t equals = words.find('=');
    if (equals != std::string_view::npos && trim(words.substr(equals + 1)) == "False") return false;
  }
  return has_parameters;
}

std::optional<std::set<std::string, std::less<>>> failed_renewals(std::string_view log) {
  constexpr std::string_view kFailed = "Failed to renew certificate ";
  constexpr std::string_view kGood = ":no renewal failures";
  constexpr std::string_view kBad = " renew failure(s), ";
  std::set<std::string, std::less<>> failed;
  bool is_renewal = false;
  for (const std::string_view line : Lines(log)) {
    is_renewal = is_renewal || line.ends_with(kGood) || line.find(kBad) != std::string_view::npos;
    const std::size_t at = line.find(kFailed);
    if (at == std::string_view::npos || failed.size() >= limits::kCertificateFiles) continue;
    is_renewal = true;
    const std::string_view rest = line.substr(at + kFailed.size());
    failed.emplace(rest.substr(0, rest.find(" with error:")));
  }
  if (!is_renewal) return std::nullopt;
  return failed;
}

CertbotState look_at_certbot(FileSystem& fs, const CertbotOptions& options) {
  CertbotState state;
  if (!options.enabled) return state;
  const std::string directory = options.directory.substr(1);
  const auto live = fs.list(directory + "/live");
  if (!live) return state;  // the files there are watched too: their source says what is wrong
  for (const DirectoryEntry& entry : *live) {
    if (!entry.is_directory || state.lineages.size() >= limits::kCertificateFiles) continue;
    const auto text = fs.read(fmt::format("{}/renewal/{}.conf", directory, entry.name));
    state.lineages.push_back({.name = entry.name, .is_configured = text && is_renewal_configuration(*text)});
  }
  if (!state.lineages.empty()) look_at_logs(fs, options.log, state);
  return state;
}

}  // namespace upkeep::certificates
