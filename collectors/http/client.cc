#include "collectors/http/client.h"

#include <dlfcn.h>

namespace upkeep::http {
namespace {

constexpr const char* kModule = "libupkeep_http.so";  // beside the program, or in lib/upkeep of its prefix

using Make = decltype(upkeep_http_make_unix_client);

// Loaded once, never unloaded. Null when it is not there; then the message says why.
Make* load(std::string& message) {
  void* const module = ::dlopen(kModule, RTLD_NOW | RTLD_LOCAL);
  void* const symbol = module == nullptr ? nullptr : ::dlsym(module, "upkeep_http_make_unix_client");
  if (symbol == nullptr) {
    const char* const why = ::dlerror();
    message = std::string("cannot load the HTTP module: ") + (why == nullptr ? kModule : why);
  }
  return reinterpret_cast<Make*>(symbol);
}

}  // namespace

std::string_view to_string(Failure failure) {
  switch (failure) {
    case Failure::kNotFound:
      return "not_found";
    case Failure::kRefused:
      return "refused";
    case Failure::kDenied:
      return "denied";
    case Failure::kTimeout:
      return "timeout";
    case Failure::kLost:
      return "lost";
    case Failure::kTooLarge:
      return "too_large";
    case Failure::kMalformed:
      return "malformed";
    case Failure::kStopped:
      return "stopped";
    case Failure::kOther:
      break;
  }
  return "other";
}

Answered<std::unique_ptr<Client>> make_unix_client(const std::string& socket_path, const std::stop_token& stop) {
  static std::string message;
  static Make* const kMake = load(message);
  if (kMake == nullptr) return std::unexpected(Problem{Failure::kOther, message});
  const std::unique_ptr<Answered<std::unique_ptr<Client>>> answer(kMake(socket_path, stop));
  return std::move(*answer);
}

}  // namespace upkeep::http
