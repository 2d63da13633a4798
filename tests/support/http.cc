#include "tests/support/http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <utility>

#include "exporter/http_headers.h"
#include "exporter/text.h"

namespace upkeep::testing {
namespace {

constexpr auto kPatience = std::chrono::seconds(20);

sockaddr_in ipv4(const char* address, std::uint16_t port) {
  sockaddr_in made{};
  made.sin_family = AF_INET;
  made.sin_port = htons(port);
  ::inet_pton(AF_INET, address, &made.sin_addr);
  return made;
}

}  // namespace

std::string HttpAnswer::field(std::string_view name) const {
  for (std::string_view line : Lines(head)) {
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos && equal_tokens(line.substr(0, colon), name)) {
      return std::string(trim(line.substr(colon + 1)));
    }
  }
  return {};
}

HttpClient::HttpClient(std::uint16_t port, const char* from, int receive_buffer_bytes)
    : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  if (receive_buffer_bytes > 0) {
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes, sizeof receive_buffer_bytes);
  }
  const sockaddr_in ours = ipv4(from, 0), theirs = ipv4("127.0.0.1", port);
  const bool connected = ::bind(socket_, reinterpret_cast<const sockaddr*>(&ours), sizeof ours) == 0 &&
                         ::connect(socket_, reinterpret_cast<const sockaddr*>(&theirs), sizeof theirs) == 0;
  if (!connected) {
    ::close(socket_);
    socket_ = -1;
  }
}

HttpClient::~HttpClient() {
  if (socket_ >= 0) ::close(socket_);
}

HttpClient::HttpClient(HttpClient&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)), received_(std::move(other.received_)) {}

bool HttpClient::send(std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool HttpClient::fill(std::chrono::milliseconds patience) {
  pollfd readable{.fd = socket_, .events = POLLIN, .revents = 0};
  if (::poll(&readable, 1, static_cast<int>(patience.count())) != 1) return false;
  std::array<char, 65536> buffer;
  const ssize_t got = ::recv(socket_, buffer.data(), buffer.size(), 0);
  if (got <= 0) return false;
  received_.append(buffer.data(), static_cast<std::size_t>(got));
  return true;
}

HttpAnswer HttpClient::receive(bool head_only) {
  HttpAnswer answer;
  std::size_t end = std::string::npos;
  while ((end = received_.find("\r\n\r\n")) == std::string::npos) {
    if (!fill(kPatience)) return answer;
  }
  answer.head = received_.substr(0, end + 2);
  received_.erase(0, end + 4);
  const std::size_t length = to_u64(answer.field("Content-Length")).value_or(0);
  while (!head_only && received_.size() < length) {
    if (!fill(kPatience)) return answer;
  }
  if (!head_only) {
    answer.body = received_.substr(0, length);
    received_.erase(0, length);
  }
  Words words(answer.head);
  words.next();
  answer.code = static_cast<int>(to_u64(words.next()).value_or(0));
  return answer;
}

HttpAnswer HttpClient::request(std::string_view method, std::string_view target, std::string_view fields) {
  std::string text(method);
  text.append(" ").append(target).append(" HTTP/1.1\r\nHost: localhost\r\n").append(fields).append("\r\n");
  if (!send(text)) return {};
  return receive(method == "HEAD");
}

bool HttpClient::is_closed(std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  for (;;) {
    pollfd readable{.fd = socket_, .events = POLLIN, .revents = 0};
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
    if (::poll(&readable, 1, left > 0 ? static_cast<int>(left) : 0) != 1) return false;
    std::array<char, 65536> buffer;
    if (::recv(socket_, buffer.data(), buffer.size(), 0) <= 0) return true;
  }
}

std::size_t HttpClient::swallow(std::size_t bytes) {
  std::string buffer(bytes, '\0');
  const ssize_t got = ::recv(socket_, buffer.data(), bytes, 0);
  return got > 0 ? static_cast<std::size_t>(got) : 0;
}

}  // namespace upkeep::testing
