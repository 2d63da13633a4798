// From the bytes of a file to what it holds: PEM, DER or PKCS#12.
#include <algorithm>

#include "collectors/certificates/module/openssl.h"
#include "exporter/limits.h"

namespace upkeep::certificates {
namespace {

constexpr std::string_view kPemMark = "-----BEGIN ";
constexpr long kIterations = 1'000'000;  // of a passphrase's hash: what would take minutes is refused

std::unexpected<Problem> problem(Reason reason, std::string message) {
  return std::unexpected(Problem{reason, std::move(message)});
}

// Never asks at a terminal, as OpenSSL would by itself. `context`: a text, or null.
int give_passphrase(char* room, int size, int /*for_writing*/, void* context) {
  const auto* const passphrase = static_cast<const std::string*>(context);
  if (passphrase == nullptr || passphrase->size() > static_cast<std::size_t>(size)) return -1;
  std::ranges::copy(*passphrase, room);
  return static_cast<int>(passphrase->size());
}
void* as_context(const std::string* passphrase) { return const_cast<std::string*>(passphrase); }

// One block of PEM.
struct Block {
  Owned<char, &free_text> name, header;
  Owned<unsigned char, &free_bytes> data;
  long size = 0;
  [[nodiscard]] std::string_view kind() const { return name.get(); }
};

enum class Next : std::uint8_t { kBlock, kEnd, kDamaged };
Next read_block(BIO* bio, Block& block) {
  char* name = nullptr;
  char* header = nullptr;
  unsigned char* data = nullptr;
  ERR_clear_error();
  const bool good = PEM_read_bio(bio, &name, &header, &data, &block.size) == 1;
  block.name.reset(name);
  block.header.reset(header);
  block.data.reset(data);
  if (good) return Next::kBlock;
  const unsigned long error = ERR_peek_last_error();
  const bool is_end = ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
  return is_end ? Next::kEnd : Next::kDamaged;
}

OwnedX509 to_certificate(const Block& block) {
  const unsigned char* at = block.data.get();
  if (block.kind() == "TRUSTED CERTIFICATE") return OwnedX509(d2i_X509_AUX(nullptr, &at, block.size));
  return OwnedX509(d2i_X509(nullptr, &at, block.size));
}

bool is_certificate(const Block& block) {
  return block.kind() == "CERTIFICATE" || block.kind() == "X509 CERTIFICATE" || block.kind() == "TRUSTED CERTIFICATE";
}

// One that is encrypted stays unknown: the certificates are what was asked for.
void take_key(const Block& block, Bundle& bundle) {
  if (!block.kind().ends_with("PRIVATE KEY") || block.kind() == "ENCRYPTED PRIVATE KEY" || *block.header != '\0')
    return;
  const unsigned char* at = block.data.get();
  const OwnedKey key(d2i_AutoPrivateKey(nullptr, &at, block.size));
  if (key) bundle.keys.push_back(hash_of(key.get()));
}

bool add(X509* certificate, Bundle& bundle) {
  auto described = describe(certificate);
  if (!described) return false;
  bundle.certificates.push_back(*std::move(described));
  return true;
}

// Whether each is issued by the next.
bool is_chain(STACK_OF(X509) * certificates) {
  const int count = sk_X509_num(certificates);
  if (count == 0 || X509_check_ca(sk_X509_value(certificates, 0)) > 0) return true;
  for (int i = 0; i + 1 < count; ++i) {
    X509* const issuer = sk_X509_value(certificates, i + 1);
    X509* const issued = sk_X509_value(certificates, i);
    if (X509_check_issued(issuer, issued) != X509_V_OK || X509_verify(issued, X509_get0_pubkey(issuer)) != 1)
      return false;
  }
  return true;
}

Checked<Bundle> parse_pem(std::string_view bytes) {
  const OwnedBio bio = memory(bytes);
  const OwnedChain chain(sk_X509_new_null());
  Bundle bundle;
  for (;;) {
    Block block;
    const Next next = read_block(bio.get(), block);
    if (next == Next::kDamaged) return problem(Reason::kBadPem, "cut off within a block of PEM, or damaged");
    if (next == Next::kEnd) break;
    if (!is_certificate(block)) {
      take_key(block, bundle);
      continue;
    }
    if (bundle.certificates.size() >= limits::kCertificatesOfFile)
      return problem(Reason::kTooMany, "over " + std::to_string(limits::kCertificatesOfFile) + " certificates");
    OwnedX509 certificate = to_certificate(block);
    if (!certificate || !add(certificate.get(), bundle))
      return problem(Reason::kDecodeFailed, "a certificate cannot be decoded: " + last_error());
    if (sk_X509_push(chain.get(), certificate.get()) > 0) static_cast<void>(certificate.release());
  }
  if (bundle.certificates.empty()) return problem(Reason::kNoCertificate, "no certificate in it");
  bundle.is_chain = is_chain(chain.get());
  return bundle;
}

// Whether the passphrase is the right one. Some programs write an empty one, others none.
bool is_opened_by(PKCS12* store, const char* passphrase) {
  return PKCS12_verify_mac(store, passphrase, passphrase == nullptr ? 0 : -1) == 1;
}

Checked<Bundle> parse_pkcs12(PKCS12* store, const std::string* passphrase) {
  // Without a checksum anything would be unpacked, whatever that costs.
  if (PKCS12_mac_present(store) != 1) return problem(Reason::kBadPkcs12, "it has no checksum (MAC)");
  const ASN1_INTEGER* iterations = nullptr;
  PKCS12_get0_mac(nullptr, nullptr, nullptr, &iterations, store);
  if (iterations != nullptr && (ASN1_INTEGER_get(iterations) > kIterations || ASN1_INTEGER_get(iterations) < 0))
    return problem(Reason::kBadPkcs12, "its passphrase is hashed too often");
  const char* word = passphrase == nullptr ? nullptr : passphrase->c_str();
  if (!is_opened_by(store, word)) {
    if (passphrase != nullptr && !passphrase->empty())
      return problem(Reason::kBadPassphrase, "the passphrase is not the right one");
    word = word == nullptr ? "" : nullptr;
    if (!is_opened_by(store, word)) return problem(Reason::kBadPassphrase, "a passphrase is needed: password_file");
  }
  EVP_PKEY* key = nullptr;
  X509* certificate = nullptr;
  STACK_OF(X509)* others = nullptr;
  const bool good = PKCS12_parse(store, word, &key, &certificate, &others) == 1;
  const OwnedKey owned_key(key);
  const OwnedX509 owned(certificate);
  const OwnedChain owned_others(others);
  if (!good) return problem(Reason::kBadPkcs12, "cannot be taken apart: " + last_error());
  Bundle bundle;
  if (key != nullptr) bundle.keys.push_back(hash_of(key));
  if (certificate != nullptr && !add(certificate, bundle))
    return problem(Reason::kDecodeFailed, "a date makes no sense");
  for (int i = 0; i < (others == nullptr ? 0 : sk_X509_num(others)); ++i) {
    if (bundle.certificates.size() >= limits::kCertificatesOfFile)
      return problem(Reason::kTooMany, "over " + std::to_string(limits::kCertificatesOfFile) + " certificates");
    if (!add(sk_X509_value(others, i), bundle)) return problem(Reason::kDecodeFailed, "a date makes no sense");
  }
  if (bundle.certificates.empty()) return problem(Reason::kNoCertificate, "no certificate in it");
  return bundle;
}

}  // namespace

Checked<Bundle> parse_bundle(std::string_view bytes, const std::string* passphrase) {
  ERR_clear_error();
  if (bytes.empty()) return problem(Reason::kNoCertificate, "empty");
  if (bytes.find(kPemMark) != std::string_view::npos) return parse_pem(bytes);
  const auto* at = reinterpret_cast<const unsigned char*>(bytes.data());
  const auto size = static_cast<long>(bytes.size());
  const auto* const end = at + size;
  const OwnedX509 certificate(d2i_X509(nullptr, &at, size));
  if (certificate && at == end) {
    Bundle bundle;
    if (!add(certificate.get(), bundle)) return problem(Reason::kDecodeFailed, "a date makes no sense");
    return bundle;
  }
  at = reinterpret_cast<const unsigned char*>(bytes.data());
  const Owned<PKCS12, &PKCS12_free> store(d2i_PKCS12(nullptr, &at, size));
  if (store) return parse_pkcs12(store.get(), passphrase);
  ERR_clear_error();
  return problem(Reason::kDecodeFailed, "neither PEM nor DER nor PKCS#12, or cut off");
}

Checked<std::string> parse_private_key(std::string_view bytes, const std::string* passphrase) {
  ERR_clear_error();
  OwnedKey key;
  const bool is_pem = bytes.find(kPemMark) != std::string_view::npos;
  if (is_pem) {
    key.reset(PEM_read_bio_PrivateKey(memory(bytes).get(), nullptr, &give_passphrase, as_context(passphrase)));
  } else {
    const auto* at = reinterpret_cast<const unsigned char*>(bytes.data());
    key.reset(d2i_AutoPrivateKey(nullptr, &at, static_cast<long>(bytes.size())));
  }
  const bool is_encrypted = bytes.find("ENCRYPTED") != std::string_view::npos;
  if (!key && is_pem && is_encrypted)
    return problem(Reason::kBadPassphrase, "the private key is encrypted, and the passphrase is not the right one");
  if (!key) return problem(Reason::kDecodeFailed, "no private key that can be read");
  ERR_clear_error();
  return hash_of(key.get());
}

Checked<std::shared_ptr<Trust>> make_store(std::string_view pem) {
  ERR_clear_error();
  X509_STORE* const made = X509_STORE_new();
  auto store = std::make_shared<Store>(made);
  if (made == nullptr) return problem(Reason::kNoModule, "out of memory");
  if (pem.empty()) {
    X509_STORE_set_default_paths(made);
    return store;
  }
  const OwnedBio bio = memory(pem);
  std::size_t count = 0;
  for (;;) {
    Block block;
    const Next next = read_block(bio.get(), block);
    if (next == Next::kDamaged) return problem(Reason::kBadPem, "cut off within a block of PEM, or damaged");
    if (next == Next::kEnd) break;
    if (!is_certificate(block)) continue;
    const OwnedX509 certificate = to_certificate(block);
    if (!certificate || ++count > limits::kCertificatesOfFile)
      return problem(Reason::kDecodeFailed, "an authority cannot be decoded, or there are too many");
    X509_STORE_add_cert(made, certificate.get());
  }
  if (count == 0) return problem(Reason::kNoCertificate, "no certificate in it");
  return store;
}

}  // namespace upkeep::certificates
