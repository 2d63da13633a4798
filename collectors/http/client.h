// A client of one HTTP server that listens on a Unix socket. What is behind it, libcurl, is a module of its own that is
// loaded when the first client is made: it brings two dozen libraries, which a host without such a server shall not
// carry.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace upkeep::http {

// Why there is no answer, in as many words as an alert needs.
enum class Failure : std::uint8_t {
  kNotFound,     // no socket of this name
  kRefused,      // nobody listens on it
  kUnreachable,  // no way to its network or host
  kDenied,       // the process may not connect to it
  kTimeout,
  kLost,       // the connection ended in the middle, or before the first byte
  kTooLarge,   // more than the caller wants to hold
  kMalformed,  // what came is not HTTP
  kTls,        // no handshake, or a certificate that is not good
  kStopped,    // by the caller's token
  kOther,
};
std::string_view to_string(Failure failure);

struct Problem {
  Failure why;
  std::string message;  // one line
};

template <class T = void>
using Answered = std::expected<T, Problem>;

struct Reply {
  int status = 0;
  std::string body;
};

// One thread at a time. Every call ends when its token is stopped, from whatever thread.
class Client {
 public:
  virtual ~Client() = default;
  // GET, answered whole within `patience` and by a body of at most `max_bytes`. `target` is path and query, encoded.
  virtual Answered<Reply> get(const std::string& target, std::size_t max_bytes, std::chrono::milliseconds patience) = 0;
  // GET of an answer that goes on for ever; its lines come in while any call waits. One at a time: a second one takes
  // the place of the first.
  virtual Answered<> open_stream(const std::string& target) = 0;
  // The lines that came since the last call; waits for some at most `patience`, or a little less. Once the stream has
  // ended and all that came was handed out: why. More than kPendingBytes that nobody took are kTooLarge.
  virtual Answered<std::vector<std::string>> lines(std::chrono::milliseconds patience) = 0;

  static constexpr std::size_t kPendingBytes = std::size_t{8} << 20;
};

// Connects only when asked something. Loads the module when need be.
Answered<std::unique_ptr<Client>> make_unix_client(const std::string& socket_path, const std::stop_token& stop);

}  // namespace upkeep::http

// What the module exports.
extern "C" upkeep::http::Answered<std::unique_ptr<upkeep::http::Client>>* upkeep_http_make_unix_client(
    const std::string& socket_path, const std::stop_token& stop);
