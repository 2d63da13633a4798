#include "collectors/http/module/library.h"

#include <curl/curl.h>

namespace upkeep::http {

bool is_library_ready() {
  // Nothing of TLS, which most hosts do not need: OpenSSL begins by itself when it is first used.
  static const bool kReady = ::curl_global_init(CURL_GLOBAL_NOTHING) == CURLE_OK;
  return kReady;
}

}  // namespace upkeep::http
