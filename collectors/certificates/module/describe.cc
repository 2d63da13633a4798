// From OpenSSL's certificate to plain data.
#include <arpa/inet.h>

#include <array>
#include <ctime>
#include <span>

#include "collectors/certificates/module/openssl.h"

namespace upkeep::certificates {
namespace {

constexpr std::size_t kTextBytes = 1024;  // of a name: labels are shorter
constexpr int kSerialBytes = 64;          // of a serial number; 20 are allowed

std::string hex(std::span<const unsigned char> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const unsigned char byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

std::string sha256(std::span<const unsigned char> bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1) return "";
  return hex(std::span(digest).first(size));
}

std::string text_of(const ASN1_STRING* string) {
  unsigned char* utf8 = nullptr;
  const int size = ASN1_STRING_to_UTF8(&utf8, string);
  if (size < 0) return "";
  const Owned<unsigned char, &free_bytes> owned(utf8);
  return std::string(reinterpret_cast<const char*>(utf8), static_cast<std::size_t>(size)).substr(0, kTextBytes);
}

// As it is, whatever it is: alternative names are ASCII by their type.
std::string raw_text_of(const ASN1_STRING* string) {
  const auto size = static_cast<std::size_t>(ASN1_STRING_length(string));
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)), std::min(size, kTextBytes)};
}

std::string first_of(const X509_NAME* name, int kind) {
  const int place = X509_NAME_get_index_by_NID(name, kind, -1);
  if (place < 0) return "";
  return text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, place)));
}

Name name_of(const X509_NAME* name) {
  return {.country = first_of(name, NID_countryName),
          .state = first_of(name, NID_stateOrProvinceName),
          .locality = first_of(name, NID_localityName),
          .organization = first_of(name, NID_organizationName),
          .unit = first_of(name, NID_organizationalUnitName),
          .common_name = first_of(name, NID_commonName)};
}

std::optional<std::int64_t> unix_time(const ASN1_TIME* time) {
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return std::nullopt;
  return ::timegm(&parts);
}

std::string serial_of(const X509* certificate) {
  const ASN1_INTEGER* const serial = X509_get0_serialNumber(certificate);
  if (ASN1_STRING_length(serial) > kSerialBytes) return "too long";  // to write it takes the square of its length
  const Owned<BIGNUM, &BN_free> number(ASN1_INTEGER_to_BN(serial, nullptr));
  const Owned<char, &free_text> text(number ? BN_bn2dec(number.get()) : nullptr);
  return text ? text.get() : "";
}

std::string address_of(const ASN1_OCTET_STRING* bytes) {
  const int size = ASN1_STRING_length(bytes);
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = size == 4 ? AF_INET : AF_INET6;
  if ((size != 4 && size != 16) ||
      ::inet_ntop(family, ASN1_STRING_get0_data(bytes), text.data(), text.size()) == nullptr)
    return "";
  return text.data();
}

void add_name(std::vector<std::string>& names, std::string name) {
  if (names.size() < Certificate::kNamesKept) names.push_back(std::move(name));
}

void take_alternative_names(const X509* certificate, Certificate& made) {
  const Owned<GENERAL_NAMES, &GENERAL_NAMES_free> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  const int count = names ? sk_GENERAL_NAME_num(names.get()) : 0;
  made.names = static_cast<std::size_t>(count);
  for (int i = 0; i < count; ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == GEN_DNS) add_name(made.dns, raw_text_of(name->d.dNSName));
    if (name->type == GEN_EMAIL) add_name(made.emails, raw_text_of(name->d.rfc822Name));
    if (name->type == GEN_IPADD) add_name(made.addresses, address_of(name->d.iPAddress));
  }
}

void take_key(X509* certificate, Certificate& made) {
  unsigned char* der = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
  const Owned<unsigned char, &free_bytes> owned(der);
  if (size > 0) made.public_key = sha256({der, static_cast<std::size_t>(size)});
  const EVP_PKEY* const key = X509_get0_pubkey(certificate);
  const char* const type = key == nullptr ? nullptr : EVP_PKEY_get0_type_name(key);
  made.key_type = type == nullptr ? "unknown" : type;
  made.key_bits = key == nullptr ? 0 : EVP_PKEY_get_bits(key);
}

}  // namespace

std::string hash_of(EVP_PKEY* key) {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  const Owned<unsigned char, &free_bytes> owned(der);
  return size > 0 ? sha256({der, static_cast<std::size_t>(size)}) : "";
}

std::optional<Certificate> describe(X509* certificate) {
  const auto not_before = unix_time(X509_get0_notBefore(certificate));
  const auto not_after = unix_time(X509_get0_notAfter(certificate));
  if (!not_before || !not_after) return std::nullopt;
  Certificate made{.subject = name_of(X509_get_subject_name(certificate)),
                   .issuer = name_of(X509_get_issuer_name(certificate)),
                   .serial = serial_of(certificate),
                   .not_before = *not_before,
                   .not_after = *not_after};
  take_alternative_names(certificate, made);
  take_key(certificate, made);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (X509_digest(certificate, EVP_sha256(), digest.data(), &size) == 1)
    made.fingerprint = hex(std::span(digest).first(size));
  const char* const signature = OBJ_nid2ln(X509_get_signature_nid(certificate));
  made.signature = signature == nullptr ? "unknown" : signature;
  made.is_authority = X509_check_ca(certificate) > 0;
  ERR_clear_error();
  return made;
}

std::string last_error() {
  const unsigned long code = ERR_peek_last_error();
  const char* const reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  ERR_clear_error();
  return reason == nullptr ? "unknown error" : reason;
}

}  // namespace upkeep::certificates
