// The families of probes: blackbox_exporter's names with their values, and labels for the target; and our own.
#pragma once

#include <array>

#include "exporter/metric.h"

namespace upkeep::probes {

// Whether and how an endpoint answered, of the last run.
inline constexpr MetricDesc kSuccess =
    gauge("probe_success", "Whether the endpoint answered as expected.", {"target", "module"});
inline constexpr MetricDesc kDuration =
    gauge("probe_duration_seconds", "How long the probe took, from the name to the verdict.", {"target", "module"});
inline constexpr MetricDesc kTimeLimit =
    gauge("probe_timeout_seconds", "How long the probe may take.", {"target", "module"});
inline constexpr MetricDesc kFailureInfo =
    gauge("probe_failure_info", "Why the probe failed; absent when it did not.", {"target", "module", "reason"});
inline constexpr MetricDesc kLookup =
    gauge("probe_dns_lookup_time_seconds", "How long it took to look up the name.", {"target", "module"});
inline constexpr MetricDesc kIpProtocol =
    gauge("probe_ip_protocol", "Whether the address is one of IPv4 or IPv6: 4 or 6.", {"target", "module"});
inline constexpr MetricDesc kIpHash =
    gauge("probe_ip_addr_hash", "A number that changes when the address does.", {"target", "module"});
inline constexpr MetricDesc kFailedRegex = gauge(
    "probe_failed_due_to_regex", "Whether the probe failed because a pattern did not match.", {"target", "module"});

inline constexpr MetricDesc kHttpDuration =
    gauge("probe_http_duration_seconds", "How long each phase of the request took, over all redirects.",
          {"target", "module", "phase"});
inline constexpr MetricDesc kHttpStatus =
    gauge("probe_http_status_code", "Status of the answer; 0: there was none.", {"target", "module"});
inline constexpr MetricDesc kHttpVersion =
    gauge("probe_http_version", "Version of HTTP of the answer; 0: there was none.", {"target", "module"});
inline constexpr MetricDesc kHttpRedirects =
    gauge("probe_http_redirects", "Redirects that were followed.", {"target", "module"});
inline constexpr MetricDesc kHttpSsl =
    gauge("probe_http_ssl", "Whether the answer came over TLS.", {"target", "module"});
inline constexpr MetricDesc kHttpLength =
    gauge("probe_http_content_length", "Length of the body as the server says; -1: it does not.", {"target", "module"});
inline constexpr MetricDesc kHttpBody = gauge("probe_http_uncompressed_body_length",
                                              "Length of the body as it was read, decompressed.", {"target", "module"});
inline constexpr MetricDesc kHttpModified =
    gauge("probe_http_last_modified_timestamp_seconds", "When the server says that the content changed last.",
          {"target", "module"});

inline constexpr MetricDesc kSslExpiry =
    gauge("probe_ssl_earliest_cert_expiry",
          "End of the certificate that ends first of those that the server sent, good ones and bad ones.",
          {"target", "module"});
inline constexpr MetricDesc kSslChainExpiry =
    gauge("probe_ssl_last_chain_expiry_timestamp_seconds", "End of the chain of certificates that was verified.",
          {"target", "module"});
inline constexpr MetricDesc kSslInfo =
    gauge("probe_ssl_last_chain_info", "The certificate of the server.",
          {"target", "module", "fingerprint_sha256", "subject", "issuer", "subjectalternative", "serialnumber"});
inline constexpr MetricDesc kTlsVersion =
    gauge("probe_tls_version_info", "Version of TLS that was agreed on.", {"target", "module", "version"});
inline constexpr MetricDesc kTlsCipher =
    gauge("probe_tls_cipher_info", "Cipher of TLS that was agreed on.", {"target", "module", "cipher"});

inline constexpr MetricDesc kDnsDuration =
    gauge("probe_dns_duration_seconds", "How long each phase of the question took.", {"target", "module", "phase"});
inline constexpr MetricDesc kDnsAnswers =
    gauge("probe_dns_answer_rrs", "Records in the answer section of the reply.", {"target", "module"});
inline constexpr MetricDesc kDnsAuthority =
    gauge("probe_dns_authority_rrs", "Records in the authority section of the reply.", {"target", "module"});
inline constexpr MetricDesc kDnsAdditional =
    gauge("probe_dns_additional_rrs", "Records in the additional section of the reply.", {"target", "module"});
inline constexpr MetricDesc kDnsSucceeded =
    gauge("probe_dns_query_succeeded", "Whether there was a reply.", {"target", "module"});
inline constexpr MetricDesc kDnsSerial =
    gauge("probe_dns_serial", "Serial number of the zone, of an answer with a SOA record.", {"target", "module"});

// How it is watched.
inline constexpr MetricDesc kInfo =
    gauge("upkeep_probe_info", "What is asked: without user, password and query.", {"target", "module", "endpoint"});
inline constexpr MetricDesc kInterval =
    gauge("upkeep_probe_interval_seconds", "How often it is asked.", {"target", "module"});
inline constexpr MetricDesc kSlow = gauge("upkeep_probe_slow_threshold_seconds",
                                          "Duration from which on an answer counts as slow.", {"target", "module"});
inline constexpr MetricDesc kWarnBefore =
    gauge("upkeep_probe_tls_warn_before_seconds",
          "How long before the end of its certificate an endpoint wants a new one.", {"target", "module"});
inline constexpr MetricDesc kCriticalBefore =
    gauge("upkeep_probe_tls_critical_before_seconds",
          "How long before the end of its certificate an endpoint needs a new one.", {"target", "module"});
inline constexpr MetricDesc kTlsVerifies =
    gauge("upkeep_probe_tls_verified",
          "Whether the certificate was good: for the host, of a known authority, not "
          "expired; absent when it is not asked.",
          {"target", "module"});
inline constexpr MetricDesc kRuns =
    counter("upkeep_probe_runs_total", "Runs, of which each may have several attempts.", {"target", "module"});
inline constexpr MetricDesc kFailures =
    counter("upkeep_probe_failures_total", "Runs of which the last attempt failed, too.", {"target", "module"});
inline constexpr MetricDesc kRetries =
    counter("upkeep_probe_retries_total", "Attempts after one that failed, in the same run.", {"target", "module"});
inline constexpr MetricDesc kInARow = gauge("upkeep_probe_consecutive_failures",
                                            "Runs that failed since the last one that did not.", {"target", "module"});
inline constexpr MetricDesc kLastRun =
    gauge("upkeep_probe_last_run_timestamp_seconds", "End of the last run; 0: never.", {"target", "module"});
inline constexpr MetricDesc kLastSuccess =
    gauge("upkeep_probe_last_success_timestamp_seconds", "End of the last run that did not fail; 0: never.",
          {"target", "module"});

// Of all of them.
inline constexpr MetricDesc kUnderWay = gauge("upkeep_probes_under_way", "Probes that are under way now.");
inline constexpr MetricDesc kNamesUnderWay =
    gauge("upkeep_probe_lookups_under_way", "Names of endpoints that are being looked up now.");
inline constexpr MetricDesc kBehind =
    gauge("upkeep_probes_behind_seconds", "How long the probe has waited that has waited longest for its turn.");

inline constexpr std::array<const MetricDesc*, 42> kAllFamilies = {
    &kSuccess,     &kDuration,     &kTimeLimit,    &kFailureInfo,    &kLookup,        &kIpProtocol,    &kIpHash,
    &kFailedRegex, &kHttpDuration, &kHttpStatus,   &kHttpVersion,    &kHttpRedirects, &kHttpSsl,       &kHttpLength,
    &kHttpBody,    &kHttpModified, &kSslExpiry,    &kSslChainExpiry, &kSslInfo,       &kTlsVersion,    &kTlsCipher,
    &kDnsDuration, &kDnsAnswers,   &kDnsAuthority, &kDnsAdditional,  &kDnsSucceeded,  &kDnsSerial,     &kInfo,
    &kInterval,    &kSlow,         &kWarnBefore,   &kCriticalBefore, &kTlsVerifies,   &kRuns,          &kFailures,
    &kRetries,     &kInARow,       &kLastRun,      &kLastSuccess,    &kUnderWay,      &kNamesUnderWay, &kBehind};

}  // namespace upkeep::probes
