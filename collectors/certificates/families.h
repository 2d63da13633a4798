// Every family of certificates. Those of files have the names of x509-certificate-exporter, those of endpoints the ones
// of ssl_exporter, as far as these have one.
#pragma once

#include <array>

#include "exporter/metric.h"

namespace upkeep::certificates {

// One of a certificate in a file.
consteval MetricDesc of_certificate(std::string_view name, std::string_view help) {
  return gauge(name, help,
               {"filepath", "filename", "serial_number", "subject_C", "subject_ST", "subject_L", "subject_O",
                "subject_OU", "subject_CN", "issuer_C", "issuer_ST", "issuer_L", "issuer_O", "issuer_OU", "issuer_CN"});
}
// One of a certificate that an endpoint sends.
consteval MetricDesc of_served(std::string_view name, std::string_view help) {
  return gauge(name, help, {"endpoint", "serial_no", "issuer_cn", "cn", "dnsnames", "ips", "emails", "ou"});
}

// Files.
inline constexpr MetricDesc kNotAfter = of_certificate("x509_cert_not_after", "When the certificate expires.");
inline constexpr MetricDesc kNotBefore =
    of_certificate("x509_cert_not_before", "When the certificate begins to be valid.");
inline constexpr MetricDesc kHasExpired = of_certificate("x509_cert_expired", "Whether the certificate has expired.");
inline constexpr MetricDesc kSourceUp =
    gauge("x509_source_up", "Whether all of the source could be read.", {"source_kind", "source_name"});
inline constexpr MetricDesc kSourceBundles =
    gauge("x509_source_bundles", "Files of the source with certificates.", {"source_kind", "source_name"});
inline constexpr MetricDesc kSourceErrors =
    counter("x509_source_errors_total", "Files that could not be read, at each look.",
            {"source_kind", "source_name", "reason"});
inline constexpr MetricDesc kFilePresent =
    gauge("upkeep_certificate_file_present", "Whether there is such a file.", {"filepath"});
inline constexpr MetricDesc kFileFailed =
    gauge("upkeep_certificate_file_failed",
          "Why the file, or the private key that belongs to it, cannot be read now: 1. Its certificates are those of "
          "the last time that it could.",
          {"filepath", "reason"});
inline constexpr MetricDesc kFileInfo =
    gauge("upkeep_certificate_file_info", "The first certificate of the file: 1.",
          {"filepath", "fingerprint_sha256", "key_type", "key_bits", "signature_algorithm", "dns_names"});
inline constexpr MetricDesc kFileNames =
    gauge("upkeep_certificate_file_names", "Alternative names of the first certificate of the file.", {"filepath"});
inline constexpr MetricDesc kFileCertificates =
    gauge("upkeep_certificate_file_certificates", "Certificates in the file.", {"filepath"});
inline constexpr MetricDesc kFileChain =
    gauge("upkeep_certificate_file_chain_whole", "Whether each certificate of the file is issued by the one after it.",
          {"filepath"});
inline constexpr MetricDesc kKeyMatches =
    gauge("upkeep_certificate_key_matches", "Whether the private key belongs to the first certificate of the file.",
          {"filepath", "key_filepath"});
inline constexpr MetricDesc kFileWarn = gauge("upkeep_certificate_file_warn_before_seconds",
                                              "Time before the end of a certificate at which to warn.", {"filepath"});
inline constexpr MetricDesc kFileCritical =
    gauge("upkeep_certificate_file_critical_before_seconds",
          "Time before the end of a certificate at which it is urgent.", {"filepath"});

// Endpoints.
inline constexpr MetricDesc kServedNotAfter =
    of_served("ssl_cert_not_after", "When a certificate that is sent expires.");
inline constexpr MetricDesc kServedNotBefore =
    of_served("ssl_cert_not_before", "When a certificate that is sent begins to be valid.");
inline constexpr MetricDesc kProbeSuccess =
    gauge("ssl_probe_success", "Whether the endpoint shows a certificate that is good, as far as it is judged.",
          {"endpoint"});
inline constexpr MetricDesc kTlsVersion =
    gauge("ssl_tls_version_info", "The version of TLS that was agreed on: 1.", {"endpoint", "version"});
inline constexpr MetricDesc kStapled = gauge(
    "ssl_ocsp_response_stapled", "Whether the endpoint staples an answer of its authority that is good.", {"endpoint"});
inline constexpr MetricDesc kStapleStatus =
    gauge("ssl_ocsp_response_status", "What the stapled answer says: 0 good, 1 revoked, 2 unknown.", {"endpoint"});
inline constexpr MetricDesc kStapleNext =
    gauge("ssl_ocsp_response_next_update", "When there should be another stapled answer.", {"endpoint"});
inline constexpr MetricDesc kEndpointUp =
    gauge("upkeep_certificate_endpoint_up", "Whether the endpoint showed a certificate.", {"endpoint"});
inline constexpr MetricDesc kEndpointFailed =
    gauge("upkeep_certificate_endpoint_failed", "Why the endpoint showed no certificate: 1.", {"endpoint", "reason"});
inline constexpr MetricDesc kEndpointSeen =
    gauge("upkeep_certificate_endpoint_seen_timestamp_seconds",
          "When the endpoint last showed a certificate: what is said of it is of then.", {"endpoint"});
inline constexpr MetricDesc kEndpointNotAfter = gauge("upkeep_certificate_endpoint_not_after_seconds",
                                                      "When the endpoint's own certificate expires.", {"endpoint"});
inline constexpr MetricDesc kEndpointNotBefore =
    gauge("upkeep_certificate_endpoint_not_before_seconds", "When the endpoint's own certificate begins to be valid.",
          {"endpoint"});
inline constexpr MetricDesc kEndpointEarliest =
    gauge("upkeep_certificate_endpoint_earliest_not_after_seconds",
          "When the first of the certificates that the endpoint sends expires.", {"endpoint"});
inline constexpr MetricDesc kEndpointVerifiedEnd =
    gauge("upkeep_certificate_endpoint_verified_not_after_seconds",
          "When the first certificate of the chain expires that was found good.", {"endpoint"});
inline constexpr MetricDesc kEndpointChain =
    gauge("upkeep_certificate_endpoint_chain_certificates", "Certificates that the endpoint sends.", {"endpoint"});
inline constexpr MetricDesc kEndpointVerified = gauge(
    "upkeep_certificate_endpoint_verified", "Whether the certificates of the endpoint were found good.", {"endpoint"});
inline constexpr MetricDesc kEndpointVerdict =
    gauge("upkeep_certificate_endpoint_verify_failed", "What is wrong with the certificates of the endpoint: 1.",
          {"endpoint", "reason"});
inline constexpr MetricDesc kEndpointInfo =
    gauge("upkeep_certificate_endpoint_info", "The endpoint's own certificate, and how it was shown: 1.",
          {"endpoint", "address", "cipher", "fingerprint_sha256", "key_type", "key_bits", "signature_algorithm"});
inline constexpr MetricDesc kEndpointSeconds = gauge("upkeep_certificate_endpoint_handshake_seconds",
                                                     "Time from connecting to the end of the handshake.", {"endpoint"});
inline constexpr MetricDesc kEndpointWarn =
    gauge("upkeep_certificate_endpoint_warn_before_seconds", "Time before the end of a certificate at which to warn.",
          {"endpoint"});
inline constexpr MetricDesc kEndpointCritical =
    gauge("upkeep_certificate_endpoint_critical_before_seconds",
          "Time before the end of a certificate at which it is urgent.", {"endpoint"});
inline constexpr MetricDesc kServesFile =
    gauge("upkeep_certificate_endpoint_serves_file", "Whether the certificate that is served is the first of the file.",
          {"endpoint", "filepath"});
inline constexpr MetricDesc kDiffersSince = gauge(
    "upkeep_certificate_endpoint_differs_since_timestamp_seconds",
    "When the certificate that is served was first seen not to be the one of the file.", {"endpoint", "filepath"});
inline constexpr MetricDesc kReloadWithin =
    gauge("upkeep_certificate_endpoint_reload_within_seconds",
          "Time in which a new certificate of the file is to be served.", {"endpoint"});
inline constexpr MetricDesc kResolverThreads =
    gauge("upkeep_certificate_resolver_threads", "Threads that wait for a name server after the last look.");
inline constexpr MetricDesc kStateFailed =
    gauge("upkeep_certificate_state_failed", "Whether what is known cannot be kept for the next start.");

// certbot.
inline constexpr MetricDesc kRenewalConfigured =
    gauge("upkeep_certbot_renewal_configured", "Whether certbot is to renew the certificate.", {"lineage"});
inline constexpr MetricDesc kRenewalFailed = gauge(
    "upkeep_certbot_renewal_failed", "Whether the last run of certbot could not renew the certificate.", {"lineage"});
inline constexpr MetricDesc kLastAttempt =
    gauge("upkeep_certbot_last_attempt_timestamp_seconds", "When certbot last renewed what was due; 0: not known.");
inline constexpr MetricDesc kAttemptWithin =
    gauge("upkeep_certbot_attempt_within_seconds", "Time in which certbot should run again.");

inline constexpr std::array kAllFamilies = {&kNotAfter,
                                            &kNotBefore,
                                            &kHasExpired,
                                            &kSourceUp,
                                            &kSourceBundles,
                                            &kSourceErrors,
                                            &kFilePresent,
                                            &kFileFailed,
                                            &kFileInfo,
                                            &kFileNames,
                                            &kFileCertificates,
                                            &kFileChain,
                                            &kKeyMatches,
                                            &kFileWarn,
                                            &kFileCritical,
                                            &kServedNotAfter,
                                            &kServedNotBefore,
                                            &kProbeSuccess,
                                            &kTlsVersion,
                                            &kStapled,
                                            &kStapleStatus,
                                            &kStapleNext,
                                            &kEndpointUp,
                                            &kEndpointFailed,
                                            &kEndpointSeen,
                                            &kEndpointNotAfter,
                                            &kEndpointNotBefore,
                                            &kEndpointEarliest,
                                            &kEndpointVerifiedEnd,
                                            &kEndpointChain,
                                            &kEndpointVerified,
                                            &kEndpointVerdict,
                                            &kEndpointInfo,
                                            &kEndpointSeconds,
                                            &kEndpointWarn,
                                            &kEndpointCritical,
                                            &kServesFile,
                                            &kDiffersSince,
                                            &kReloadWithin,
                                            &kResolverThreads,
                                            &kStateFailed,
                                            &kRenewalConfigured,
                                            &kRenewalFailed,
                                            &kLastAttempt,
                                            &kAttemptWithin};

}  // namespace upkeep::certificates
