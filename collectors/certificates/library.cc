#include "collectors/certificates/library.h"

#include <dlfcn.h>

namespace upkeep::certificates {
namespace {

constexpr const char* kModule = "libupkeep_tls.so";  // beside the program, or in lib/upkeep of its prefix

Checked<const Library*> load() {
  void* const module = ::dlopen(kModule, RTLD_NOW | RTLD_LOCAL);
  void* const symbol = module == nullptr ? nullptr : ::dlsym(module, "upkeep_tls_library");
  if (symbol == nullptr) {
    const char* const why = ::dlerror();
    return std::unexpected(Problem{Reason::kNoModule, std::string("cannot load the module for certificates: ") +
                                                          (why == nullptr ? kModule : why)});
  }
  const Library* const made = reinterpret_cast<decltype(upkeep_tls_library)*>(symbol)();
  if (made == nullptr) return std::unexpected(Problem{Reason::kNoModule, "OpenSSL cannot begin"});
  return made;
}

}  // namespace

Checked<const Library*> library() {
  static const Checked<const Library*> kLoaded = load();  // never unloaded
  return kLoaded;
}

std::string_view to_string(Reason reason) {
  constexpr std::string_view kWords[] = {"not_found",  "permission_denied", "broken_symlink",       "read_failed",
                                         "too_large",  "too_many",          "no_certificate_found", "bad_pem",
                                         "bad_pkcs12", "bad_passphrase",    "decode_failed",        "no_module"};
  return kWords[static_cast<std::size_t>(reason)];
}

std::string_view to_string(Verdict verdict) {
  constexpr std::string_view kWords[] = {"",          "revoked",       "expired",        "not_yet_valid",
                                         "hostname",  "chain_expired", "self_signed",    "unknown_authority",
                                         "signature", "weak_key",      "weak_signature", "purpose",
                                         "other"};
  return kWords[static_cast<std::size_t>(verdict)];
}

}  // namespace upkeep::certificates
