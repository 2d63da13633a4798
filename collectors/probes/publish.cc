#include "collectors/probes/publish.h"

#include "collectors/probes/families.h"

namespace upkeep::probes {
namespace {

// A target's labels come first in each family.
class Series {
 public:
  Series(const Target& target, SampleSink& out) : target_(target), out_(out) {}
  void add(const MetricDesc& desc, double value) const { out_.add(desc, value, {target_.name, target_.module}); }
  void add(const MetricDesc& desc, double value, std::string_view label) const {
    out_.add(desc, value, {target_.name, target_.module, label});
  }
  void add(const http::TlsFacts& tls) const {
    out_.add(kSslInfo, 1,
             {target_.name, target_.module, tls.fingerprint, tls.subject, tls.issuer, tls.names, tls.serial});
  }

 private:
  const Target& target_;
  SampleSink& out_;
};

void publish_http(const Outcome& outcome, const Series& series) {
  const http::Answer& answer = outcome.answer;
  series.add(kHttpDuration, to_seconds(outcome.resolve), "resolve");
  series.add(kHttpDuration, to_seconds(outcome.phases.connect), "connect");
  series.add(kHttpDuration, to_seconds(outcome.phases.tls), "tls");
  series.add(kHttpDuration, to_seconds(outcome.phases.processing), "processing");
  series.add(kHttpDuration, to_seconds(outcome.phases.transfer), "transfer");
  series.add(kHttpStatus, answer.status);
  series.add(kHttpVersion, answer.status == 0 ? 0 : answer.version);
  series.add(kHttpRedirects, outcome.redirects);
  series.add(kHttpSsl, outcome.is_tls && answer.status != 0 ? 1 : 0);
  series.add(kHttpLength, answer.status == 0 ? 0 : static_cast<double>(answer.content_length));
  series.add(kHttpBody, static_cast<double>(answer.body_bytes));
  if (answer.last_modified) series.add(kHttpModified, *answer.last_modified);
}

void publish_dns(const Outcome& outcome, const Series& series) {
  series.add(kDnsDuration, to_seconds(outcome.resolve), "resolve");
  series.add(kDnsDuration, to_seconds(outcome.phases.connect), "connect");
  series.add(kDnsDuration, to_seconds(outcome.phases.processing), "request");
  const DnsReply none;
  const DnsReply& reply = outcome.reply ? *outcome.reply : none;
  series.add(kDnsAnswers, reply.answers);
  series.add(kDnsAuthority, reply.authority);
  series.add(kDnsAdditional, reply.additional);
  series.add(kDnsSucceeded, outcome.reply ? 1 : 0);
  if (reply.serial) series.add(kDnsSerial, *reply.serial);
}

void publish_tls(const Target& target, const http::TlsFacts& tls, const Series& series) {
  if (target.tls_options.verifies) series.add(kTlsVerifies, tls.fault == http::TlsFault::kNone ? 1 : 0);
  if (tls.fingerprint.empty()) return;  // there was no handshake, or not enough of it
  series.add(kSslExpiry, tls.earliest_expiry);
  if (tls.chain_expiry) series.add(kSslChainExpiry, *tls.chain_expiry);
  series.add(tls);
  series.add(kTlsVersion, 1, tls.version);
  if (!tls.cipher.empty()) series.add(kTlsCipher, 1, tls.cipher);
}

bool speaks_tls(const Target& target) {
  return target.tls || (target.kind == Kind::kHttp && target.url.scheme == "https");
}

}  // namespace

void publish(const Target& target, const Outcome& outcome, SampleSink& out) {
  const Series series(target, out);
  series.add(kSuccess, outcome.good() ? 1 : 0);
  series.add(kDuration, to_seconds(outcome.duration));
  if (!outcome.good()) series.add(kFailureInfo, 1, to_string(outcome.reason));
  series.add(kLookup, to_seconds(outcome.resolve));
  series.add(kIpProtocol, !outcome.address ? 0 : outcome.address->is_v6 ? 6 : 4);
  series.add(kIpHash, outcome.address ? hash_of(*outcome.address) : 0);
  if (target.kind != Kind::kDns) series.add(kFailedRegex, is_pattern(outcome.reason) ? 1 : 0);
  if (target.kind == Kind::kHttp) publish_http(outcome, series);
  if (target.kind == Kind::kDns) publish_dns(outcome, series);
  if (outcome.tls) publish_tls(target, *outcome.tls, series);
}

void publish(const Target& target, SampleSink& out) {
  const Series series(target, out);
  series.add(kInfo, 1, target.endpoint);
  series.add(kTimeLimit, std::chrono::duration<double>(target.timeout).count());
  if (target.slow_after.count() > 0) series.add(kSlow, std::chrono::duration<double>(target.slow_after).count());
  if (speaks_tls(target)) {
    series.add(kWarnBefore, std::chrono::duration<double>(target.tls_options.warn_before).count());
    series.add(kCriticalBefore, std::chrono::duration<double>(target.tls_options.critical_before).count());
  }
}

void publish(const Target& target, const Record& record, SampleSink& out) {
  publish(target, out);
  const Series series(target, out);
  series.add(kInterval, std::chrono::duration<double>(target.interval).count());
  series.add(kRuns, static_cast<double>(record.runs));
  series.add(kFailures, static_cast<double>(record.failures));
  series.add(kRetries, static_cast<double>(record.retries));
  series.add(kInARow, static_cast<double>(record.failures_in_a_row));
  series.add(kLastRun, record.last ? unix_seconds(record.last->finished) : 0);
  series.add(kLastSuccess, record.last_success);
}

}  // namespace upkeep::probes
