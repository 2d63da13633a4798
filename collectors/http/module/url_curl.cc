// URLs, taken apart by the parser that will use them: two parsers would see two hosts.
#include <curl/curl.h>

#include <memory>

#include "collectors/http/module/library.h"
#include "collectors/http/transfers.h"

namespace upkeep::http {
namespace {

struct Cleanup {
  void operator()(CURLU* url) const { ::curl_url_cleanup(url); }
};
using Handle = std::unique_ptr<CURLU, Cleanup>;

// Empty when the URL has no such part.
std::string part(const Handle& url, CURLUPart which, unsigned flags = 0) {
  char* text = nullptr;
  if (::curl_url_get(url.get(), which, &text, flags) != CURLUE_OK || text == nullptr) return {};
  std::string copy(text);
  ::curl_free(text);
  return copy;
}

std::unexpected<Problem> malformed(std::string message) {
  return std::unexpected(Problem{Failure::kMalformed, std::move(message)});
}

Answered<Url> split(const std::string& text) {
  if (!is_library_ready()) return std::unexpected(Problem{Failure::kOther, "libcurl cannot begin"});
  if (text.find('\0') != std::string::npos) return malformed("a zero byte in the URL");
  const Handle url(::curl_url());
  if (!url) return std::unexpected(Problem{Failure::kOther, "no memory"});
  // No message quotes the URL: there may be a password in it.
  const CURLUcode code = ::curl_url_set(url.get(), CURLUPART_URL, text.c_str(), CURLU_DISALLOW_USER);
  if (code == CURLUE_USER_NOT_ALLOWED) return malformed("a user or password in the URL");
  if (code != CURLUE_OK) return malformed(::curl_url_strerror(code));
  Url parts{
      .scheme = part(url, CURLUPART_SCHEME), .host = part(url, CURLUPART_HOST), .path = part(url, CURLUPART_PATH)};
  if (parts.scheme != "http" && parts.scheme != "https") return malformed("neither http nor https");
  if (parts.host.empty()) return malformed("no host");
  if (parts.host.starts_with('[')) parts.host = parts.host.substr(1, parts.host.size() - 2);
  long port = 0;
  for (const char digit : part(url, CURLUPART_PORT, CURLU_DEFAULT_PORT)) port = port * 10 + (digit - '0');
  if (port < 1 || port > 65535) return malformed("no such port");
  parts.port = static_cast<std::uint16_t>(port);
  ::curl_url_set(url.get(), CURLUPART_FRAGMENT, nullptr, 0);
  parts.whole = part(url, CURLUPART_URL);
  return parts;
}

}  // namespace
}  // namespace upkeep::http

upkeep::http::Answered<upkeep::http::Url>* upkeep_http_split_url(const std::string& text) {
  using namespace upkeep::http;
  return new Answered<Url>(split(text));  // NOLINT(cppcoreguidelines-owning-memory)
}
