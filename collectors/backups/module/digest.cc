// The only door to libcrypto: the digests that checksum manifests list.
#include <openssl/evp.h>

#include <array>

#include "collectors/backups/module/codecs.h"

namespace upkeep::backups {
namespace {

const EVP_MD* kind_of(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::kSha224:
      return ::EVP_sha224();
    case Algorithm::kSha384:
      return ::EVP_sha384();
    case Algorithm::kSha512:
      return ::EVP_sha512();
    case Algorithm::kSha256:
      break;
  }
  return ::EVP_sha256();
}

class CryptoDigest final : public Digest {
 public:
  explicit CryptoDigest(Algorithm algorithm)
      : state_(::EVP_MD_CTX_new()),
        ready_(state_ != nullptr && ::EVP_DigestInit_ex(state_.get(), kind_of(algorithm), nullptr) == 1) {}
  [[nodiscard]] bool is_ready() const { return ready_; }

  void update(std::string_view bytes) override { ::EVP_DigestUpdate(state_.get(), bytes.data(), bytes.size()); }

  std::string hex() override {
    std::array<unsigned char, EVP_MAX_MD_SIZE> sum{};
    unsigned int size = 0;
    ::EVP_DigestFinal_ex(state_.get(), sum.data(), &size);
    std::string text;
    for (unsigned int i = 0; i < size; ++i) {
      constexpr std::string_view kDigits = "0123456789abcdef";
      text += kDigits[sum.at(i) >> 4];
      text += kDigits[sum.at(i) & 15];
    }
    return text;
  }

 private:
  struct Cleanup {
    void operator()(EVP_MD_CTX* state) const { ::EVP_MD_CTX_free(state); }
  };
  const std::unique_ptr<EVP_MD_CTX, Cleanup> state_;
  const bool ready_;
};

}  // namespace

std::unique_ptr<Digest> make_crypto_digest(Algorithm algorithm) {
  auto digest = std::make_unique<CryptoDigest>(algorithm);
  return digest->is_ready() ? std::move(digest) : nullptr;
}

}  // namespace upkeep::backups
