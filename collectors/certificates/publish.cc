#include "collectors/certificates/publish.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "collectors/certificates/families.h"

namespace upkeep::certificates {
namespace {

double seconds(milliseconds duration) { return std::chrono::duration<double>(duration).count(); }

// As ssl_exporter writes several names: ",a,b,".
std::string joined(const std::vector<std::string>& names) {
  if (names.empty()) return "";
  return fmt::format(",{},", fmt::join(names, ","));
}

// Once each that can be told apart, whatever somebody has copied together.
template <class Key>
bool is_repeated(std::set<Key>& seen, Key key) {
  return !seen.insert(std::move(key)).second;
}

void publish_certificates(const std::string& path, const Bundle& bundle, double now, SampleSink& out) {
  const std::string_view name = std::string_view(path).substr(path.rfind('/') + 1);
  std::set<std::tuple<std::string, std::string, std::string>> seen;
  for (const Certificate& one : bundle.certificates) {
    const Name& subject = one.subject;
    const Name& issuer = one.issuer;
    if (is_repeated(seen, {one.serial, subject.common_name + "\n" + subject.organization + "\n" + subject.unit,
                           issuer.common_name + "\n" + issuer.organization + "\n" + issuer.unit}))
      continue;
    const std::string_view labels[] = {path,
                                       name,
                                       one.serial,
                                       subject.country,
                                       subject.state,
                                       subject.locality,
                                       subject.organization,
                                       subject.unit,
                                       subject.common_name,
                                       issuer.country,
                                       issuer.state,
                                       issuer.locality,
                                       issuer.organization,
                                       issuer.unit,
                                       issuer.common_name};
    out.add(kNotAfter, static_cast<double>(one.not_after), labels);
    out.add(kNotBefore, static_cast<double>(one.not_before), labels);
    out.add(kHasExpired, now >= static_cast<double>(one.not_after) ? 1 : 0, labels);
  }
}

void publish_bundle(const std::string& path, const Bundle& bundle, double now, SampleSink& out) {
  publish_certificates(path, bundle, now, out);
  const Certificate& first = bundle.certificates.front();
  out.add(
      kFileInfo, 1,
      {path, first.fingerprint, first.key_type, std::to_string(first.key_bits), first.signature, joined(first.dns)});
  out.add(kFileNames, static_cast<double>(first.names), {path});
  out.add(kFileCertificates, static_cast<double>(bundle.certificates.size()), {path});
  if (!first.is_authority && bundle.certificates.size() > 1) out.add(kFileChain, bundle.is_chain ? 1 : 0, {path});
}

void publish_served(std::string_view endpoint, const Served& served, SampleSink& out) {
  std::set<std::tuple<std::string, std::string, std::string>> seen;
  for (const Certificate& one : served.chain) {
    if (is_repeated(seen, {one.serial, one.issuer.common_name, one.subject.common_name})) continue;
    const std::string dns = joined(one.dns);
    const std::string addresses = joined(one.addresses);
    const std::string emails = joined(one.emails);
    const std::string unit = one.subject.unit.empty() ? "" : "," + one.subject.unit + ",";
    const std::string_view labels[] = {
        endpoint, one.serial, one.issuer.common_name, one.subject.common_name, dns, addresses, emails, unit};
    out.add(kServedNotAfter, static_cast<double>(one.not_after), labels);
    out.add(kServedNotBefore, static_cast<double>(one.not_before), labels);
  }
  const auto earliest = std::ranges::min_element(served.chain, {}, &Certificate::not_after);
  out.add(kEndpointNotAfter, static_cast<double>(served.chain.front().not_after), {endpoint});
  out.add(kEndpointNotBefore, static_cast<double>(served.chain.front().not_before), {endpoint});
  out.add(kEndpointEarliest, static_cast<double>(earliest->not_after), {endpoint});
  out.add(kEndpointChain, static_cast<double>(served.chain.size()), {endpoint});
  if (!served.version.empty()) out.add(kTlsVersion, 1, {endpoint, served.version});
  out.add(kStapled, served.staple ? 1 : 0, {endpoint});
  if (!served.staple) return;
  out.add(kStapleStatus, static_cast<double>(served.staple->status), {endpoint});
  if (served.staple->next_update > 0) out.add(kStapleNext, static_cast<double>(served.staple->next_update), {endpoint});
}

void publish_endpoint(const Endpoint& endpoint, const EndpointState& state, SampleSink& out) {
  const std::string_view name = endpoint.name;
  const bool is_up = state.last.failure == Failure::kNone;
  const bool is_good = state.served && state.served->verdict == Verdict::kGood;
  out.add(kEndpointUp, is_up ? 1 : 0, {name});
  if (!is_up) out.add(kEndpointFailed, 1, {name, to_string(state.last.failure)});
  out.add(kProbeSuccess, is_up && (is_good || !endpoint.verify) ? 1 : 0, {name});
  out.add(kEndpointWarn, seconds(endpoint.notice.warn), {name});
  out.add(kEndpointCritical, seconds(endpoint.notice.critical), {name});
  if (!state.served) return;
  const Served& served = *state.served;
  publish_served(name, served, out);
  out.add(kEndpointSeen, state.seen, {name});
  if (is_up) {
    const Certificate& leaf = served.chain.front();
    out.add(kEndpointInfo, 1,
            {name, state.last.address, served.cipher, leaf.fingerprint, leaf.key_type, std::to_string(leaf.key_bits),
             leaf.signature});
    out.add(kEndpointSeconds, state.last.seconds, {name});
  }
  if (!endpoint.verify) return;
  out.add(kEndpointVerified, is_good ? 1 : 0, {name});
  if (!is_good) out.add(kEndpointVerdict, 1, {name, to_string(served.verdict)});
  if (is_good) out.add(kEndpointVerifiedEnd, static_cast<double>(served.verified_not_after), {name});
}

}  // namespace

void publish_files(const Files& files, const ErrorCounts& errors, double now, SampleSink& out) {
  for (const SourceState& source : files.states()) {
    if (!source.is_told) continue;
    out.add(kSourceUp, source.is_up ? 1 : 0, {"file", source.name});
    out.add(kSourceBundles, static_cast<double>(source.bundles), {"file", source.name});
  }
  for (const auto& [what, count] : errors) out.add(kSourceErrors, count, {"file", what.first, to_string(what.second)});
  std::map<std::string_view, Reason> failed;  // a key may belong to several
  for (const auto& [path, file] : files.files()) {
    if (file.problem) failed.emplace(path, file.problem->reason);
    if (file.key_problem) failed.emplace(file.key_path, file.key_problem->reason);
  }
  for (const auto& [path, reason] : failed) out.add(kFileFailed, 1, {path, to_string(reason)});
  for (const auto& [path, file] : files.files()) {
    out.add(kFilePresent, file.is_present ? 1 : 0, {path});
    out.add(kFileWarn, seconds(file.notice.warn), {path});
    out.add(kFileCritical, seconds(file.notice.critical), {path});
    if (file.bundle) publish_bundle(path, *file.bundle, now, out);
    if (file.key_matches) out.add(kKeyMatches, *file.key_matches ? 1 : 0, {path, file.key_path});
  }
}

void publish_endpoints(const Endpoints& endpoints, const Files& files, const DifferenceRecord& differences,
                       SampleSink& out) {
  if (endpoints.all().empty()) return;
  for (std::size_t place = 0; place < endpoints.all().size(); ++place) {
    const Endpoint& endpoint = endpoints.all()[place];
    const EndpointState& state = endpoints.state_of(place);
    publish_endpoint(endpoint, state, out);
    const auto file = files.files().find(endpoint.file);
    if (endpoint.file.empty()) continue;
    out.add(kReloadWithin, seconds(endpoint.reload_within), {endpoint.name});
    if (!state.served || file == files.files().end() || !file->second.bundle) continue;
    const auto since = differences.since(endpoint.name);
    out.add(kServesFile, since ? 0 : 1, {endpoint.name, endpoint.file});
    if (since) out.add(kDiffersSince, static_cast<double>(*since), {endpoint.name, endpoint.file});
  }
  out.add(kResolverThreads, static_cast<double>(endpoints.resolver_threads()));
}

void publish_certbot(const CertbotState& state, const CertbotOptions& options, SampleSink& out) {
  if (state.lineages.empty()) return;
  for (const Lineage& lineage : state.lineages) {
    out.add(kRenewalConfigured, lineage.is_configured ? 1 : 0, {lineage.name});
    out.add(kRenewalFailed, lineage.has_failed ? 1 : 0, {lineage.name});
  }
  out.add(kLastAttempt, state.last_attempt.value_or(0));
  out.add(kAttemptWithin, seconds(options.attempt_within));
}

}  // namespace upkeep::certificates
