// A certificate as plain data: all that is known of X.509 outside the module.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace upkeep::certificates {

// The first of each, where a name has several.
struct Name {
  std::string country, state, locality, organization, unit, common_name;
  bool operator==(const Name&) const = default;
};

struct Certificate {
  Name subject, issuer;
  std::string serial;                               // decimal
  std::int64_t not_before = 0, not_after = 0;       // Unix times; before 1970 negative
  std::vector<std::string> dns, addresses, emails;  // alternative names, kNamesKept of all
  std::size_t names = 0;                            // that there are
  std::string fingerprint;                          // SHA-256 of all of it, in hex
  std::string public_key;                           // SHA-256 of the key, in hex
  std::string key_type;                             // RSA, EC, ED25519
  int key_bits = 0;
  std::string signature;  // sha256WithRSAEncryption
  bool is_authority = false;

  static constexpr std::size_t kNamesKept = 20;
};

// What a file holds.
struct Bundle {
  std::vector<Certificate> certificates;  // in its order; of a PKCS#12 first the one with the key
  std::vector<std::string> keys;          // SHA-256 of the public half of each private key that can be read, in hex
  bool is_chain = true;                   // each is issued by the one after it; a file of authorities is not asked
};

// Why a file gives no certificate; the words are those of x509-certificate-exporter where it has one.
enum class Reason : std::uint8_t {
  kNotFound,
  kPermission,
  kBrokenSymlink,
  kReadFailed,
  kTooLarge,       // more than limits::kCertificateFileBytes
  kTooMany,        // certificates in a file, or files
  kNoCertificate,  // PEM of something else, or no bytes
  kBadPem,         // cut off in the middle of a block, or damaged
  kBadPkcs12,
  kBadPassphrase,  // wrong, or none where one is needed
  kDecodeFailed,   // not a certificate in any encoding
  kNoModule,       // the library cannot be loaded
};
std::string_view to_string(Reason reason);

struct Problem {
  Reason reason;
  std::string message;  // one line, complete on its own
};

}  // namespace upkeep::certificates
