// Whether a chain that a server showed is to be trusted, and if not, for which reason above all.
#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "collectors/certificates/module/openssl.h"

namespace upkeep::certificates {
namespace {

constexpr int kAuthLevel = 2;  // RSA of 2048 bits, SHA-2: what Debian's programs ask for

// What was found wrong, the worst of it.
struct Found {
  Verdict verdict = Verdict::kGood;
  std::string why;
  void note(Verdict one, const char* words) {
    if (verdict != Verdict::kGood && verdict <= one) return;
    verdict = one;
    why = words == nullptr ? "" : words;
  }
};

Verdict verdict_of(int error, int depth) {
  switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return depth == 0 ? Verdict::kExpired : Verdict::kChainExpired;
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return depth == 0 ? Verdict::kNotYetValid : Verdict::kChainExpired;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return Verdict::kHostname;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return Verdict::kSelfSigned;
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_CERT_UNTRUSTED:
      return Verdict::kUnknownAuthority;
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
    case X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY:
    case X509_V_ERR_SIGNATURE_ALGORITHM_MISMATCH:
      return Verdict::kBadSignature;
    case X509_V_ERR_EE_KEY_TOO_SMALL:
    case X509_V_ERR_CA_KEY_TOO_SMALL:
      return Verdict::kWeakKey;
    case X509_V_ERR_CA_MD_TOO_WEAK:
      return Verdict::kWeakSignature;
    case X509_V_ERR_INVALID_PURPOSE:
    case X509_V_ERR_INVALID_CA:
    case X509_V_ERR_CERT_REJECTED:
      return Verdict::kPurpose;
    case X509_V_ERR_CERT_REVOKED:
      return Verdict::kRevoked;
    default:
      return Verdict::kOther;
  }
}

// Goes on after each error, so that the worst is found.
int note_error(int good, X509_STORE_CTX* context) {
  if (good == 1) return 1;
  const int error = X509_STORE_CTX_get_error(context);
  static_cast<Found*>(X509_STORE_CTX_get_app_data(context))
      ->note(verdict_of(error, X509_STORE_CTX_get_error_depth(context)), X509_verify_cert_error_string(error));
  return 1;
}

std::int64_t earliest_end(STACK_OF(X509) * chain) {
  std::int64_t earliest = 0;
  for (int i = 0; i < sk_X509_num(chain); ++i) {
    std::tm parts{};
    if (ASN1_TIME_to_tm(X509_get0_notAfter(sk_X509_value(chain, i)), &parts) != 1) continue;
    const std::int64_t end = ::timegm(&parts);
    earliest = i == 0 ? end : std::min(earliest, end);
  }
  return earliest;
}

// The single answer about the certificate, if its authority signed it and it is of now.
std::optional<Staple> read_staple(const Shown& shown, STACK_OF(X509) * chain, X509_STORE* store) {
  const auto* at = reinterpret_cast<const unsigned char*>(shown.staple.data());
  const Owned<OCSP_RESPONSE, &OCSP_RESPONSE_free> response(
      d2i_OCSP_RESPONSE(nullptr, &at, static_cast<long>(shown.staple.size())));
  if (!response || OCSP_response_status(response.get()) != OCSP_RESPONSE_STATUS_SUCCESSFUL) return std::nullopt;
  const Owned<OCSP_BASICRESP, &OCSP_BASICRESP_free> basic(OCSP_response_get1_basic(response.get()));
  if (!basic || OCSP_basic_verify(basic.get(), chain, store, 0) != 1 || sk_X509_num(chain) < 2) return std::nullopt;
  const Owned<OCSP_CERTID, &OCSP_CERTID_free> id(
      OCSP_cert_to_id(nullptr, sk_X509_value(chain, 0), sk_X509_value(chain, 1)));
  int status = V_OCSP_CERTSTATUS_UNKNOWN;
  int reason = 0;
  ASN1_GENERALIZEDTIME* revoked = nullptr;
  ASN1_GENERALIZEDTIME* this_update = nullptr;
  ASN1_GENERALIZEDTIME* next_update = nullptr;
  if (!id || OCSP_resp_find_status(basic.get(), id.get(), &status, &reason, &revoked, &this_update, &next_update) != 1)
    return std::nullopt;
  Staple staple;
  if (status == V_OCSP_CERTSTATUS_GOOD) staple.status = Staple::Status::kGood;
  if (status == V_OCSP_CERTSTATUS_REVOKED) staple.status = Staple::Status::kRevoked;
  std::tm parts{};
  if (next_update != nullptr && ASN1_TIME_to_tm(next_update, &parts) == 1) staple.next_update = ::timegm(&parts);
  return staple;
}

}  // namespace

bool is_address(const std::string& name) {
  std::array<unsigned char, sizeof(in6_addr)> room{};
  return ::inet_pton(AF_INET, name.c_str(), room.data()) == 1 || ::inet_pton(AF_INET6, name.c_str(), room.data()) == 1;
}

void judge(const Shown& shown, X509_STORE* store, std::int64_t now, Served& served) {
  Found found;
  const Owned<X509_STORE_CTX, &X509_STORE_CTX_free> context(X509_STORE_CTX_new());
  if (!context || X509_STORE_CTX_init(context.get(), store, sk_X509_value(shown.chain, 0), shown.chain) != 1) {
    served.verdict = Verdict::kOther;
    served.why = last_error();
    return;
  }
  X509_STORE_CTX_set_app_data(context.get(), &found);
  X509_STORE_CTX_set_verify_cb(context.get(), &note_error);
  X509_STORE_CTX_set_default(context.get(), "ssl_server");
  X509_VERIFY_PARAM* const wanted = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_time(wanted, now);
  X509_VERIFY_PARAM_set_auth_level(wanted, kAuthLevel);
  // An authority that is trusted by name need not be the topmost one.
  X509_VERIFY_PARAM_set_flags(wanted, X509_V_FLAG_PARTIAL_CHAIN);
  if (is_address(shown.server_name)) {
    X509_VERIFY_PARAM_set1_ip_asc(wanted, shown.server_name.c_str());
  } else {
    X509_VERIFY_PARAM_set1_host(wanted, shown.server_name.data(), shown.server_name.size());
  }
  if (X509_verify_cert(context.get()) != 1 && found.verdict == Verdict::kGood)
    found.note(Verdict::kOther, X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get())));
  const OwnedChain chain(X509_STORE_CTX_get1_chain(context.get()));
  if (chain && !shown.staple.empty()) served.staple = read_staple(shown, chain.get(), store);
  if (served.staple && served.staple->status == Staple::Status::kRevoked)
    found.note(Verdict::kRevoked, "its authority has revoked it");
  served.verdict = found.verdict;
  served.why = found.why;
  if (found.verdict == Verdict::kGood && chain) served.verified_not_after = earliest_end(chain.get());
  ERR_clear_error();
}

}  // namespace upkeep::certificates
