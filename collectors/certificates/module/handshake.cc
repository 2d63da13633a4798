// A handshake over bytes that somebody else sends and receives. Nothing is verified on the way: what an expired
// certificate says is what one wants to know. It is judged when it is there.
#include "collectors/certificates/module/openssl.h"
#include "exporter/limits.h"

namespace upkeep::certificates {
namespace {

class TlsHandshake final : public Handshake {
 public:
  TlsHandshake(SSL_CTX* context, const std::string& server_name, std::shared_ptr<Trust> trust)
      : server_name_(server_name), trust_(std::move(trust)), ssl_(SSL_new(context)) {
    if (!ssl_) return;
    in_ = BIO_new(BIO_s_mem());
    out_ = BIO_new(BIO_s_mem());
    if (in_ != nullptr) BIO_set_mem_eof_return(in_, -1);  // no more for now
    SSL_set_bio(ssl_.get(), in_, out_);
    SSL_set_app_data(ssl_.get(), this);
    if (!is_address(server_name_)) SSL_set_tlsext_host_name(ssl_.get(), server_name_.c_str());
    SSL_set_connect_state(ssl_.get());
  }

  [[nodiscard]] bool is_sound() const { return ssl_ && in_ != nullptr && out_ != nullptr; }

  State step(std::string_view received, std::string& out) override {
    ERR_clear_error();
    received_ += received.size();
    if (received_ > limits::kHandshakeBytes) return fail("over " + std::to_string(limits::kHandshakeBytes) + " bytes");
    if (!received.empty()) BIO_write(in_, received.data(), static_cast<int>(received.size()));
    const int result = SSL_do_handshake(ssl_.get());
    const int error = SSL_get_error(ssl_.get(), result);
    if (result == 1) {
      finished_ = true;
      SSL_shutdown(ssl_.get());
    }
    take_output(out);
    if (result == 1) return chain_ ? State::kServed : fail("the server showed no certificate");
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return State::kMore;
    // A server that wants a certificate of ours ends it here, and has shown its own by then.
    failure_ = last_error();
    return chain_ ? State::kServed : State::kFailed;
  }

  [[nodiscard]] const std::string& failure() const override { return failure_; }

  Served served(std::int64_t now) override {
    Served served;
    for (int i = 0; i < sk_X509_num(chain_.get()); ++i) {
      if (static_cast<std::size_t>(i) >= limits::kCertificatesServed) break;
      auto described = describe(sk_X509_value(chain_.get(), i));
      if (described) served.chain.push_back(*std::move(described));
    }
    if (finished_) {
      served.version = version();
      const char* const cipher = SSL_CIPHER_standard_name(SSL_get_current_cipher(ssl_.get()));
      served.cipher = cipher == nullptr ? "" : cipher;
    }
    const unsigned char* staple = nullptr;
    const long size = SSL_get_tlsext_status_ocsp_resp(ssl_.get(), static_cast<void*>(&staple));
    const std::string_view stapled(reinterpret_cast<const char*>(staple),
                                   size > 0 ? static_cast<std::size_t>(size) : 0);
    judge({.chain = chain_.get(), .staple = stapled, .server_name = server_name_},
          static_cast<const Store&>(*trust_).get(), now, served);
    return served;
  }

  // Called for the certificates of the server as soon as they are there. Lets the handshake go on.
  static int take_chain(X509_STORE_CTX* context, void* /*nothing*/) {
    auto* const ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(context, SSL_get_ex_data_X509_STORE_CTX_idx()));
    auto* const self = static_cast<TlsHandshake*>(SSL_get_app_data(ssl));
    STACK_OF(X509)* const sent = X509_STORE_CTX_get0_untrusted(context);
    if (sent != nullptr && sk_X509_num(sent) > 0) self->chain_.reset(X509_chain_up_ref(sent));
    return 1;
  }

 private:
  State fail(std::string why) {
    failure_ = std::move(why);
    return State::kFailed;
  }

  void take_output(std::string& out) {
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(out_, &bytes);
    if (size > 0) out.append(bytes, static_cast<std::size_t>(size));
    BIO_reset(out_);
  }

  // As blackbox_exporter and ssl_exporter write it.
  std::string version() const {
    switch (SSL_version(ssl_.get())) {
      case TLS1_3_VERSION:
        return "TLS 1.3";
      case TLS1_2_VERSION:
        return "TLS 1.2";
      case TLS1_1_VERSION:
        return "TLS 1.1";
      case TLS1_VERSION:
        return "TLS 1.0";
      default:
        return "unknown";
    }
  }

  const std::string server_name_;
  const std::shared_ptr<Trust> trust_;
  Owned<SSL, &SSL_free> ssl_;
  BIO* in_ = nullptr;  // both belong to ssl_
  BIO* out_ = nullptr;
  OwnedChain chain_;
  std::size_t received_ = 0;
  bool finished_ = false;
  std::string failure_;
};

}  // namespace

std::unique_ptr<Handshake> make_handshake(SSL_CTX* context, const std::string& server_name,
                                          std::shared_ptr<Trust> trust) {
  auto made = std::make_unique<TlsHandshake>(context, server_name, std::move(trust));
  if (!made->is_sound()) return nullptr;
  return made;
}

// Takes every version and cipher that the library still has: whom one would not trust with anything is looked at too.
Owned<SSL_CTX, &SSL_CTX_free> make_context() {
  Owned<SSL_CTX, &SSL_CTX_free> context(SSL_CTX_new(TLS_client_method()));
  if (!context) return nullptr;
  SSL_CTX_set_security_level(context.get(), 0);
  SSL_CTX_set_min_proto_version(context.get(), 0);
  SSL_CTX_set_cipher_list(context.get(), "ALL:!aNULL:!eNULL:@SECLEVEL=0");
  SSL_CTX_set_options(context.get(), SSL_OP_LEGACY_SERVER_CONNECT | SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_TICKET);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_max_cert_list(context.get(), static_cast<long>(limits::kHandshakeBytes));
  SSL_CTX_set_tlsext_status_type(context.get(), TLSEXT_STATUSTYPE_ocsp);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_cert_verify_callback(context.get(), &TlsHandshake::take_chain, nullptr);
  return context;
}

}  // namespace upkeep::certificates
