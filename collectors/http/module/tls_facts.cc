#include "collectors/http/module/tls_facts.h"

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <ctime>

namespace upkeep::http {
namespace {

constexpr std::size_t kNamesBytes = 1024;  // of a certificate: some have thousands of names

double to_unix(const ASN1_TIME* time) {
  std::tm parts{};
  if (time == nullptr || ::ASN1_TIME_to_tm(time, &parts) != 1) return 0;
  return static_cast<double>(::timegm(&parts));
}

std::string to_hex(const unsigned char* bytes, std::size_t count) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (std::size_t i = 0; i < count; ++i) {
    hex += kDigits[bytes[i] >> 4];
    hex += kDigits[bytes[i] & 15];
  }
  return hex;
}

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

// "CN=shop.example.com,O=Shop", the most special first.
std::string to_text(const X509_NAME* name) {
  BIO* const bio = ::BIO_new(::BIO_s_mem());
  if (bio == nullptr) return {};
  constexpr unsigned long kFlags = XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB;
  ::X509_NAME_print_ex(bio, name, 0, kFlags);
  std::string text = text_of(bio);
  ::BIO_free(bio);
  return text;
}

std::string serial_of(const X509* certificate) {
  BIGNUM* const number = ::ASN1_INTEGER_to_BN(::X509_get0_serialNumber(certificate), nullptr);
  char* const digits = number == nullptr ? nullptr : ::BN_bn2hex(number);
  std::string text = digits == nullptr ? "" : digits;
  ::OPENSSL_free(digits);
  ::BN_free(number);
  std::ranges::transform(text, text.begin(), [](char c) { return c >= 'A' && c <= 'F' ? char(c - 'A' + 'a') : c; });
  text.erase(0, std::min(text.find_first_not_of('0'), text.size()));
  return text;
}

std::string dns_names_of(const X509* certificate) {
  auto* const names =
      static_cast<GENERAL_NAMES*>(::X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  std::string all;
  for (int i = 0; i < sk_GENERAL_NAME_num(names) && all.size() < kNamesBytes; ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(names, i);
    if (name->type != GEN_DNS) continue;
    if (!all.empty()) all += ',';
    all.append(reinterpret_cast<const char*>(::ASN1_STRING_get0_data(name->d.dNSName)),
               static_cast<std::size_t>(::ASN1_STRING_length(name->d.dNSName)));
  }
  ::GENERAL_NAMES_free(names);
  return all;
}

std::string version_of(const SSL* ssl) {
  const std::string_view version = ::SSL_get_version(ssl);
  if (!version.starts_with("TLSv")) return std::string(version);
  const std::string number(version.substr(4));
  return "TLS " + (number == "1" ? "1.0" : number);
}

double earliest_expiry(const STACK_OF(X509) * chain) {
  double earliest = 0;
  for (int i = 0; i < sk_X509_num(chain); ++i) {
    const double expiry = to_unix(::X509_get0_notAfter(sk_X509_value(chain, i)));
    if (i == 0 || expiry < earliest) earliest = expiry;
  }
  return earliest;
}

TlsFault fault_of(int error) {
  switch (error) {
    case X509_V_OK:
      return TlsFault::kNone;
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return TlsFault::kExpired;
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return TlsFault::kNotYetValid;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return TlsFault::kWrongName;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_UNTRUSTED:
      return TlsFault::kUnknownAuthority;
    case X509_V_ERR_EE_KEY_TOO_SMALL:
    case X509_V_ERR_CA_KEY_TOO_SMALL:
    case X509_V_ERR_CA_MD_TOO_WEAK:
      return TlsFault::kWeak;
    default:
      return TlsFault::kOther;
  }
}

bool is_for(X509* certificate, const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> address{};
  const bool is_number = ::inet_pton(AF_INET, host.c_str(), address.data()) == 1 ||
                         ::inet_pton(AF_INET6, host.c_str(), address.data()) == 1;
  return is_number ? ::X509_check_ip_asc(certificate, host.c_str(), 0) == 1
                   : ::X509_check_host(certificate, host.data(), host.size(), 0, nullptr) == 1;
}

// Which of several faults is told: the one that somebody can do something about.
void judge(X509_STORE_CTX* context, X509* leaf, TlsWatch& watch) {
  if (::X509_verify_cert(context) == 1) {
    watch.facts.chain_expiry = earliest_expiry(::X509_STORE_CTX_get0_chain(context));
    if (!is_for(leaf, watch.host)) ::X509_STORE_CTX_set_error(context, X509_V_ERR_HOSTNAME_MISMATCH);
  } else if (::X509_STORE_CTX_get_error(context) == X509_V_OK) {
    ::X509_STORE_CTX_set_error(context, X509_V_ERR_UNSPECIFIED);
  } else if (::X509_cmp_current_time(::X509_get0_notAfter(leaf)) < 0) {
    ::X509_STORE_CTX_set_error(context, X509_V_ERR_CERT_HAS_EXPIRED);
  }
  watch.facts.fault = fault_of(::X509_STORE_CTX_get_error(context));
}

void note(X509_STORE_CTX* context, X509* leaf, TlsFacts& facts) {
  facts.earliest_expiry = earliest_expiry(::X509_STORE_CTX_get0_untrusted(context));
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (::X509_digest(leaf, ::EVP_sha256(), digest.data(), &size) == 1) facts.fingerprint = to_hex(digest.data(), size);
  facts.serial = serial_of(leaf);
  facts.subject = to_text(::X509_get_subject_name(leaf));
  facts.issuer = to_text(::X509_get_issuer_name(leaf));
  facts.names = dns_names_of(leaf);
  const auto* const ssl =
      static_cast<const SSL*>(::X509_STORE_CTX_get_ex_data(context, ::SSL_get_ex_data_X509_STORE_CTX_idx()));
  if (ssl == nullptr) return;
  facts.version = version_of(ssl);
  if (const SSL_CIPHER* const cipher = ::SSL_get_pending_cipher(ssl)) facts.cipher = ::SSL_CIPHER_standard_name(cipher);
}

// Called through C: nothing may be thrown.
int verify(X509_STORE_CTX* context, void* argument) noexcept {
  TlsWatch& watch = *static_cast<TlsWatch*>(argument);
  X509* const leaf = ::X509_STORE_CTX_get0_cert(context);
  if (leaf == nullptr) return 0;
  try {
    note(context, leaf, watch.facts);
  } catch (...) {  // no memory: then it is refused
    return 0;
  }
  watch.has_seen = true;
  if (!watch.verifies) {
    ::X509_STORE_CTX_set_error(context, X509_V_OK);
    return 1;
  }
  judge(context, leaf, watch);
  return watch.facts.fault == TlsFault::kNone ? 1 : 0;
}

}  // namespace

void watch_tls(void* ssl_context, TlsWatch& watch) {
  ::SSL_CTX_set_cert_verify_callback(static_cast<SSL_CTX*>(ssl_context), &verify, &watch);
}

}  // namespace upkeep::http
