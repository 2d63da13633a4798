#include "collectors/http/client.h"

#include "collectors/http/module_loader.h"

namespace upkeep::http {

std::string_view to_string(Failure failure) {
  switch (failure) {
    case Failure::kNotFound:
      return "not_found";
    case Failure::kRefused:
      return "refused";
    case Failure::kUnreachable:
      return "unreachable";
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
    case Failure::kTls:
      return "tls";
    case Failure::kStopped:
      return "stopped";
    case Failure::kOther:
      break;
  }
  return "other";
}

Answered<std::unique_ptr<Client>> make_unix_client(const std::string& socket_path, const std::stop_token& stop) {
  static std::string message;
  static auto* const kMake = reinterpret_cast<decltype(upkeep_http_make_unix_client)*>(
      find_in_module("upkeep_http_make_unix_client", message));
  if (kMake == nullptr) return std::unexpected(Problem{Failure::kOther, message});
  const std::unique_ptr<Answered<std::unique_ptr<Client>>> answer(kMake(socket_path, stop));
  return std::move(*answer);
}

}  // namespace upkeep::http
