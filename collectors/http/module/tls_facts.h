// What there is to know of a TLS server's certificates, taken while they are verified: also of those that are refused,
// of which libcurl tells nothing. This file's .cc is the door to OpenSSL in this module.
#pragma once

#include <string>

#include "collectors/http/transfers.h"

namespace upkeep::http {

struct TlsWatch {
  std::string host;  // that the certificate should be for: a name, or a numeric address
  bool verifies = true;
  bool has_seen = false;
  TlsFacts facts;
};

// Verifies in place of OpenSSL's own way, with its help, and notes what it sees in `watch`, which outlives the
// handshake. `ssl_context` is an SSL_CTX. When the watch does not verify, every certificate is as good as any.
void watch_tls(void* ssl_context, TlsWatch& watch);

}  // namespace upkeep::http
