// What the module exports.
#include <new>

#include "collectors/certificates/module/openssl.h"

namespace upkeep::certificates {
namespace {

class OpenSsl final : public Library {
 public:
  OpenSsl() : context_(make_context()) {}
  [[nodiscard]] bool is_sound() const { return context_ != nullptr; }

  [[nodiscard]] Checked<Bundle> parse(std::string_view bytes, const std::string* passphrase) const override {
    return parse_bundle(bytes, passphrase);
  }
  [[nodiscard]] Checked<std::string> parse_key(std::string_view bytes, const std::string* passphrase) const override {
    return parse_private_key(bytes, passphrase);
  }
  [[nodiscard]] Checked<std::shared_ptr<Trust>> trust(std::string_view pem) const override { return make_store(pem); }
  [[nodiscard]] std::unique_ptr<Handshake> handshake(const std::string& server_name,
                                                     std::shared_ptr<Trust> trust) const override {
    return make_handshake(context_.get(), server_name, std::move(trust));
  }

 private:
  const Owned<SSL_CTX, &SSL_CTX_free> context_;
};

}  // namespace
}  // namespace upkeep::certificates

// Nothing may be thrown over the module's edge.
const upkeep::certificates::Library* upkeep_tls_library() {
  try {
    static const upkeep::certificates::OpenSsl kLibrary;
    return kLibrary.is_sound() ? &kLibrary : nullptr;
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}
