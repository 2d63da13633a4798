#include "collectors/http/transfers.h"

#include "collectors/http/module_loader.h"

namespace upkeep::http {

Answered<std::unique_ptr<Transfers>> make_transfers(const Clock& clock) {
  static std::string message;
  static auto* const kMake =
      reinterpret_cast<decltype(upkeep_http_make_transfers)*>(find_in_module("upkeep_http_make_transfers", message));
  if (kMake == nullptr) return std::unexpected(Problem{Failure::kOther, message});
  const std::unique_ptr<Answered<std::unique_ptr<Transfers>>> answer(kMake(clock));
  return std::move(*answer);
}

Answered<Url> split_url(const std::string& text) {
  static std::string message;
  static auto* const kSplit =
      reinterpret_cast<decltype(upkeep_http_split_url)*>(find_in_module("upkeep_http_split_url", message));
  if (kSplit == nullptr) return std::unexpected(Problem{Failure::kOther, message});
  const std::unique_ptr<Answered<Url>> answer(kSplit(text));
  return std::move(*answer);
}

}  // namespace upkeep::http
