// A client that can misbehave: it opens connections from any loopback address, sends what it is told, and reads when it
// likes.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace upkeep::testing {

struct HttpAnswer {
  int code = 0;  // 0: no answer
  std::string head, body;
  // The value of a field of the head, "" when it is not there.
  [[nodiscard]] std::string field(std::string_view name) const;
};

class HttpClient {
 public:
  explicit HttpClient(std::uint16_t port, const char* from = "127.0.0.1", int receive_buffer_bytes = 0);
  ~HttpClient();
  HttpClient(HttpClient&& other) noexcept;
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // False: the other side is gone.
  bool send(std::string_view bytes) const;
  // Reads one answer, its body as long as Content-Length says (`head_only`: without one).
  HttpAnswer receive(bool head_only = false);
  // Sends a request without body and reads its answer. `fields` are whole lines.
  HttpAnswer request(std::string_view method, std::string_view target, std::string_view fields = {});
  HttpAnswer get(std::string_view target, std::string_view fields = {}) { return request("GET", target, fields); }
  // Whether the other side closed, or does within `patience`; what it sent before is thrown away.
  bool is_closed(std::chrono::milliseconds patience = std::chrono::milliseconds(0));
  // Reads at most `bytes`; how many there were.
  std::size_t swallow(std::size_t bytes);

 private:
  bool fill(std::chrono::milliseconds patience);
  int socket_ = -1;
  std::string received_;
};

}  // namespace upkeep::testing
