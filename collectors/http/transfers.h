// Many transfers at once on one thread: HTTP requests and conversations over TCP or TLS, each with one address, and
// never with another one. Behind it is libcurl, in the module of client.h.
//
// Who asks resolves names, follows redirects and judges answers; this measures and reports. A certificate is looked at
// whether it is good or not, but nothing is ever sent to a server whose certificate is not.
#pragma once

#include <poll.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/http/client.h"
#include "exporter/clock.h"

namespace upkeep::http {

// What is wrong with the certificate of a server. kOther: no handshake at all, too.
enum class TlsFault : std::uint8_t { kNone, kExpired, kNotYetValid, kWrongName, kUnknownAuthority, kWeak, kOther };

// Of the certificates that a server sent. Times are Unix seconds.
struct TlsFacts {
  TlsFault fault = TlsFault::kNone;
  std::string version, cipher;         // "TLS 1.3", "TLS_AES_256_GCM_SHA384"
  double earliest_expiry = 0;          // of all that were sent
  std::optional<double> chain_expiry;  // of the verified chain; none when there is none
  std::string fingerprint, serial;     // of the first; hex digits
  std::string subject, issuer, names;  // "CN=a,O=b"; its DNS names: "a,b"
};

struct Request {
  enum class Kind : std::uint8_t { kHttp, kConversation };
  Kind kind = Kind::kHttp;
  std::string url;      // of a conversation: "http://HOST:PORT", over TLS "https://HOST:PORT"
  std::string address;  // numeric, where to connect whatever the URL says: "127.0.0.1:80", "[::1]:80"
  std::chrono::milliseconds patience{};

  std::string method = "GET";
  std::vector<std::string> headers;  // "Name: value"
  std::string body;
  std::string username, password, bearer_token;  // sent when they are not empty
  bool keeps_body = false, keeps_headers = false;
  bool decodes = false;       // asks for a compressed answer, whose body is taken as it is decompressed
  std::size_t max_bytes = 0;  // of the body; a longer one is kTooLarge

  std::string say;                                // first, in a conversation
  std::function<bool(std::string_view)> is_over;  // whether what was heard is enough; empty: to be connected is

  bool verifies = true;
  std::string server_name;  // to ask for and to verify; empty: the host of the URL
  std::string authorities;  // a file of certificates; empty: the system's
};

// How long each phase took; what was not reached took nothing.
struct Phases {
  std::chrono::nanoseconds connect{}, tls{}, processing{}, transfer{};
};

struct Answer {
  std::optional<Problem> problem;  // what came before it is there nevertheless
  int status = 0;                  // 0: there is none
  double version = 0;              // 1, 1.1, 2
  std::string headers;             // lines, without the first
  std::string body;                // or what was heard in a conversation
  std::uint64_t body_bytes = 0;
  std::int64_t content_length = -1;     // as the server says; -1: it does not
  std::optional<double> last_modified;  // Unix seconds
  std::string redirect;                 // whole URL; empty: none
  Phases phases;
  std::optional<TlsFacts> tls;
};

// One thread at a time, but for wake().
class Transfers {
 public:
  using Id = std::uint64_t;
  struct Done {
    Id id;
    Answer answer;
  };
  virtual ~Transfers() = default;
  // What goes wrong is in its answer.
  virtual Id begin(Request request) = 0;
  // Ends it without an answer. One that is done already is nothing.
  virtual void give_up(Id id) = 0;
  // Those that are done. Waits until there is one, until one of `others` is ready (then its revents say so), for
  // wake(), or at most `patience`.
  virtual std::vector<Done> wait(std::chrono::milliseconds patience, std::span<pollfd> others) = 0;
  // From any thread: the present wait ends, or the next one.
  virtual void wake() = 0;
};

// Loads the module when need be. `clock` outlives what is made.
Answered<std::unique_ptr<Transfers>> make_transfers(const Clock& clock);

// A URL taken apart.
struct Url {
  std::string scheme;  // http or https
  std::string host;    // a name, or a numeric address without brackets, however it was written
  std::uint16_t port = 0;
  std::string path;   // without query
  std::string whole;  // normal form, with query, without fragment
};
// Only http and https, and no user or password in it. Loads the module when need be.
Answered<Url> split_url(const std::string& text);

}  // namespace upkeep::http

// What the module exports.
extern "C" upkeep::http::Answered<std::unique_ptr<upkeep::http::Transfers>>* upkeep_http_make_transfers(
    const upkeep::Clock& clock);
extern "C" upkeep::http::Answered<upkeep::http::Url>* upkeep_http_split_url(const std::string& text);
