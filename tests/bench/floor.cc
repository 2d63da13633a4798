// What the kernel charges: an HTTP server that, for each GET, preads the files it is given (kept open), asks for as
// many netlink dumps as it is told, and sends as many bytes as it is told. It parses and formats nothing, and serves
// one connection at a time.
//   floor PORT BYTES LINK_DUMPS < list of files, one a line
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/timex.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <string>
#include <vector>

namespace {

constexpr std::size_t kBuffer = std::size_t{64} << 10;
std::vector<char> buffer(kBuffer);

struct OpenFile {
  int fd;
  std::size_t ask;  // a value of /sys or /proc/sys is dear to read with a large buffer
};

void read_whole(const OpenFile& file) {
  off_t at = 0;
  for (;;) {
    const ssize_t got = ::pread(file.fd, buffer.data(), file.ask, at);
    if (got <= 0 || file.ask == 4096 || got < 1024) return;
    at += got;
  }
}

void dump_links(int socket) {
  struct {
    nlmsghdr header;
    ifinfomsg info;
  } request{};
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = RTM_GETLINK;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  ::send(socket, &request, sizeof request, 0);
  for (;;) {
    const ssize_t got = ::recv(socket, buffer.data(), buffer.size(), 0);
    if (got <= 0) return;
    auto left = static_cast<unsigned>(got);
    for (auto* message = reinterpret_cast<nlmsghdr*>(buffer.data()); NLMSG_OK(message, left);
         message = NLMSG_NEXT(message, left)) {
      if (message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR) return;
    }
  }
}

int listen_on(int port) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || ::listen(listener, 16) != 0) {
    std::perror("floor: listen");
    std::exit(1);
  }
  return listener;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: floor PORT BYTES LINK_DUMPS < files\n";
    return 2;
  }
  const std::size_t bytes = std::stoul(argv[2]);
  const int dumps = std::stoi(argv[3]);
  std::vector<OpenFile> files;
  for (std::string path; std::getline(std::cin, path);) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    const bool value = path.starts_with("/sys/") || path.starts_with("/proc/sys/");
    if (fd >= 0) files.push_back({fd, value ? 4096 : kBuffer});
  }
  const int links = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  std::string answer =
      "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: " + std::to_string(bytes) + "\r\n\r\n";
  answer.append(bytes, 'x');
  const int listener = listen_on(std::stoi(argv[1]));
  std::vector<char> request(8192);
  for (;;) {
    const int client = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    const int on = 1;
    ::setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    std::size_t held = 0;
    for (;;) {
      const ssize_t got = ::recv(client, request.data() + held, request.size() - held, 0);
      if (got <= 0) break;
      held += static_cast<std::size_t>(got);
      if (::memmem(request.data(), held, "\r\n\r\n", 4) == nullptr) continue;
      held = 0;
      for (const OpenFile& file : files) read_whole(file);
      for (int i = 0; i < dumps; ++i) dump_links(links);
      utsname name{};
      ::uname(&name);
      timex time{};
      ::adjtimex(&time);
      for (std::size_t sent = 0; sent < answer.size();) {
        const ssize_t step = ::send(client, answer.data() + sent, answer.size() - sent, MSG_NOSIGNAL);
        if (step <= 0) break;
        sent += static_cast<std::size_t>(step);
      }
    }
    ::close(client);
  }
}
