// The only file that includes OpenSSL. What the files of the module share.
#pragma once

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "collectors/certificates/library.h"

namespace upkeep::certificates {

template <auto kFree>
struct Freed {
  template <class T>
  void operator()(T* object) const {
    kFree(object);
  }
};
template <class T, auto kFree>
using Owned = std::unique_ptr<T, Freed<kFree>>;

inline void free_chain(STACK_OF(X509) * chain) { sk_X509_pop_free(chain, X509_free); }
inline void free_text(char* text) { OPENSSL_free(text); }
inline void free_bytes(unsigned char* bytes) { OPENSSL_free(bytes); }

using OwnedX509 = Owned<X509, &X509_free>;
using OwnedKey = Owned<EVP_PKEY, &EVP_PKEY_free>;
using OwnedBio = Owned<BIO, &BIO_free_all>;
using OwnedChain = Owned<STACK_OF(X509), &free_chain>;

// Nothing: its dates or its key cannot be understood.
std::optional<Certificate> describe(X509* certificate);
// Of the public half.
std::string hash_of(EVP_PKEY* key);
// What OpenSSL said last, in words; empties its queue.
std::string last_error();
inline OwnedBio memory(std::string_view bytes) {
  return OwnedBio(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
}

class Store final : public Trust {
 public:
  explicit Store(X509_STORE* store) : store_(store) {}
  [[nodiscard]] X509_STORE* get() const { return store_.get(); }

 private:
  Owned<X509_STORE, &X509_STORE_free> store_;
};

Checked<Bundle> parse_bundle(std::string_view bytes, const std::string* passphrase);
Checked<std::string> parse_private_key(std::string_view bytes, const std::string* passphrase);
Checked<std::shared_ptr<Trust>> make_store(std::string_view pem);

// What a server showed, and for what it was asked.
struct Shown {
  STACK_OF(X509) * chain;   // not empty
  std::string_view staple;  // DER; empty: none
  const std::string& server_name;
};
// Fills verdict, why, verified_not_after and staple.
void judge(const Shown& shown, X509_STORE* store, std::int64_t now, Served& served);

std::unique_ptr<Handshake> make_handshake(SSL_CTX* context, const std::string& server_name,
                                          std::shared_ptr<Trust> trust);
Owned<SSL_CTX, &SSL_CTX_free> make_context();

bool is_address(const std::string& name);

}  // namespace upkeep::certificates
