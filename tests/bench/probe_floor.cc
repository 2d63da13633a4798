// The least that a probe can cost: a connection, a request, the answer, at the pace that it is told.
//   probe_floor PORT COUNT PAUSE_MS     -> one line of JSON
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <string>
#include <vector>

namespace {

double milliseconds(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

// False: there was no good answer.
bool ask(const sockaddr_in& address, const std::string& request) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  bool good = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 &&
              ::send(fd, request.data(), request.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(request.size());
  std::string answer;
  std::array<char, 16384> piece{};
  while (good) {
    const ssize_t count = ::recv(fd, piece.data(), piece.size(), 0);
    if (count <= 0) break;
    answer.append(piece.data(), static_cast<std::size_t>(count));
  }
  ::close(fd);
  return good && answer.starts_with("HTTP/1.1 200");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: probe_floor PORT COUNT PAUSE_MS\n";
    return 1;
  }
  const int port = static_cast<int>(std::strtol(argv[1], nullptr, 10));
  const long count = std::strtol(argv[2], nullptr, 10);
  const int pause = static_cast<int>(std::strtol(argv[3], nullptr, 10));
  const sockaddr_in address{.sin_family = AF_INET,
                            .sin_port = ::htons(static_cast<std::uint16_t>(port)),
                            .sin_addr = {.s_addr = ::htonl(INADDR_LOOPBACK)}};
  std::vector<double> taken;
  const double before = milliseconds(CLOCK_PROCESS_CPUTIME_ID);
  for (long i = 0; i < count; ++i) {
    const std::string request =
        "GET /t" + std::to_string(i) + " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
    const double began = milliseconds(CLOCK_MONOTONIC);
    if (!ask(address, request)) return 1;
    taken.push_back(milliseconds(CLOCK_MONOTONIC) - began);
    ::poll(nullptr, 0, pause);
  }
  const double cpu = (milliseconds(CLOCK_PROCESS_CPUTIME_ID) - before) / static_cast<double>(count);
  std::ranges::sort(taken);
  std::cout << "{\"cpu_ms\": " << cpu << ", \"p50_ms\": " << taken[taken.size() / 2] << "}\n";
}
