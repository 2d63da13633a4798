// The door to OpenSSL. What is behind it is a module of its own, that is loaded when there is a first certificate to
// look at: a host without any shall not carry it. Bytes go in, plain data comes out; sockets and files are not its
// business.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/certificates/x509.h"

namespace upkeep::certificates {

template <class T>
using Checked = std::expected<T, Problem>;

// The authorities that are trusted. Made by the library; may be used by one thread at a time.
class Trust {
 public:
  virtual ~Trust() = default;
};

// Why a chain is not to be trusted, the worst first: one of them is told.
enum class Verdict : std::uint8_t {
  kGood,
  kRevoked,  // says the answer of an authority that the server staples
  kExpired,
  kNotYetValid,
  kHostname,      // it is for another name
  kChainExpired,  // a certificate above the first one, or that is not valid yet
  kSelfSigned,    // and not trusted
  kUnknownAuthority,
  kBadSignature,
  kWeakKey,
  kWeakSignature,
  kPurpose,  // not for servers, or issued by what is no authority
  kOther,
};
std::string_view to_string(Verdict verdict);

// The answer of an authority that a server staples to its certificate.
struct Staple {
  enum class Status : std::uint8_t { kGood, kRevoked, kUnknown };  // as ssl_ocsp_response_status counts
  Status status = Status::kUnknown;
  std::int64_t next_update = 0;  // Unix time; 0: not said
};

struct Served {
  std::vector<Certificate> chain;  // as sent: the server's own first
  Verdict verdict = Verdict::kGood;
  std::string why;                      // in words, when it is not good
  std::int64_t verified_not_after = 0;  // the earliest of the chain that was found good; 0: none was
  std::string version, cipher;          // "TLS 1.3", "TLS_AES_256_GCM_SHA384"; empty when it was not finished
  std::optional<Staple> staple;         // one that its authority signed
};

// One handshake as a client. One thread at a time.
class Handshake {
 public:
  virtual ~Handshake() = default;
  enum class State : std::uint8_t {
    kMore,    // send what was added to `out` and come back with what the server answers
    kServed,  // there is a chain: served() tells of it. What was added to `out` says farewell
    kFailed,  // failure() says why
  };
  // `received` is what came since the last call; nothing at the first one.
  virtual State step(std::string_view received, std::string& out) = 0;
  [[nodiscard]] virtual const std::string& failure() const = 0;
  // Judged at the Unix time `now`; once.
  virtual Served served(std::int64_t now) = 0;
};

class Library {
 public:
  virtual ~Library() = default;
  // PEM with any number of certificates, a certificate in DER, or PKCS#12. `passphrase`: null where there is none.
  [[nodiscard]] virtual Checked<Bundle> parse(std::string_view bytes, const std::string* passphrase) const = 0;
  // SHA-256 of the public half of a private key in PEM or DER, in hex.
  [[nodiscard]] virtual Checked<std::string> parse_key(std::string_view bytes, const std::string* passphrase) const = 0;
  // Those of PEM; of the system when it is empty.
  [[nodiscard]] virtual Checked<std::shared_ptr<Trust>> trust(std::string_view pem) const = 0;
  // `server_name`: a DNS name, which is sent too, or an address. Null: no memory.
  [[nodiscard]] virtual std::unique_ptr<Handshake> handshake(const std::string& server_name,
                                                             std::shared_ptr<Trust> trust) const = 0;
};

// Loaded by the first call. The error is always the same one then.
Checked<const Library*> library();

}  // namespace upkeep::certificates

// What the module exports. Null: no memory.
extern "C" const upkeep::certificates::Library* upkeep_tls_library();
