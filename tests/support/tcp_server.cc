#include "tests/support/tcp_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <map>
#include <utility>

namespace upkeep::testing {

TcpServer::TcpServer(std::string answer) : answer_(std::move(answer)) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {.s_addr = ::htonl(INADDR_LOOPBACK)}};
  socklen_t size = sizeof(address);
  if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener_, 128) != 0) return;
  ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ::ntohs(address.sin_port);
  thread_ = std::jthread([this](const std::stop_token& stop) { serve(stop); });
}

TcpServer::~TcpServer() {
  if (thread_.joinable()) {
    thread_.request_stop();
    thread_.join();
  }
  ::close(listener_);
}

void TcpServer::serve(const std::stop_token& stop) const {
  constexpr int kTickMs = 20;
  std::map<int, std::string> heard;  // by connection
  while (!stop.stop_requested()) {
    std::array<pollfd, 64> ready{};
    ready[0] = {.fd = listener_, .events = POLLIN, .revents = 0};
    std::size_t count = 1;
    for (const auto& [fd, text] : heard) {
      if (count < ready.size()) ready[count++] = {.fd = fd, .events = POLLIN, .revents = 0};
    }
    if (::poll(ready.data(), count, kTickMs) <= 0) continue;
    if (ready[0].revents != 0) heard[::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC)];
    for (std::size_t i = 1; i < count; ++i) {
      if (ready[i].revents == 0) continue;
      std::array<char, 4096> piece{};
      const ssize_t bytes = ::recv(ready[i].fd, piece.data(), piece.size(), 0);
      std::string& text = heard[ready[i].fd];
      if (bytes > 0) text.append(piece.data(), static_cast<std::size_t>(bytes));
      const bool answers = !answer_.empty() && text.find("\r\n\r\n") != std::string::npos;
      if (answers) (void)::send(ready[i].fd, answer_.data(), answer_.size(), MSG_NOSIGNAL);
      if (!answers && bytes > 0) continue;
      ::close(ready[i].fd);
      heard.erase(ready[i].fd);
    }
  }
  for (const auto& [fd, text] : heard) ::close(fd);
}

}  // namespace upkeep::testing
