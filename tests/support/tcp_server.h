// A server on a free port of 127.0.0.1 that reads what it is sent and answers each connection with one text.
#pragma once

#include <cstdint>
#include <string>
#include <thread>

namespace upkeep::testing {

class TcpServer {
 public:
  // An empty text: it never answers, and keeps the connection.
  explicit TcpServer(std::string answer);
  ~TcpServer();
  TcpServer(const TcpServer&) = delete;
  TcpServer& operator=(const TcpServer&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  void serve(const std::stop_token& stop) const;

  const std::string answer_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::jthread thread_;
};

}  // namespace upkeep::testing
