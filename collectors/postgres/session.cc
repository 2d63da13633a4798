#include "collectors/postgres/session.h"

#include <dlfcn.h>

namespace upkeep::postgres {
namespace {

constexpr const char* kModule = "libupkeep_postgres.so";  // beside the program, or in lib/upkeep of its prefix

using Connect = decltype(upkeep_postgres_connect);

// Loaded once, never unloaded. Null when it is not there; then the message says why.
Connect* load(std::string& message) {
  void* const module = ::dlopen(kModule, RTLD_NOW | RTLD_LOCAL);
  void* const symbol = module == nullptr ? nullptr : ::dlsym(module, "upkeep_postgres_connect");
  if (symbol == nullptr) {
    const char* const why = ::dlerror();
    message = std::string("cannot load the Postgres module: ") + (why == nullptr ? kModule : why);
  }
  return reinterpret_cast<Connect*>(symbol);
}

}  // namespace

std::string_view to_string(Failure failure) {
  switch (failure) {
    case Failure::kRefused:
      return "refused";
    case Failure::kTimeout:
      return "timeout";
    case Failure::kAuthentication:
      return "authentication";
    case Failure::kNoDatabase:
      return "no_database";
    case Failure::kPermission:
      return "permission";
    case Failure::kTooManyConnections:
      return "too_many_connections";
    case Failure::kStarting:
      return "starting";
    case Failure::kLocked:
      return "locked";
    case Failure::kMissing:
      return "missing";
    case Failure::kLost:
      return "lost";
    case Failure::kReadOnly:
      return "read_only";
    case Failure::kOther:
      break;
  }
  return "other";
}

Answered<std::unique_ptr<Session>> connect(const ConnectionSettings& settings) {
  static std::string message;
  static Connect* const kConnect = load(message);
  if (kConnect == nullptr) return std::unexpected(Problem{Failure::kOther, message});
  const std::unique_ptr<Answered<std::unique_ptr<Session>>> answer(kConnect(settings));
  return std::move(*answer);
}

}  // namespace upkeep::postgres
