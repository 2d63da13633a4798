// Scrapes an exporter and says what it cost: latency as the client sees it, CPU time of the server's process (all its
// threads, by the kernel's clock of that process).
//   scrape_load PORT PID SCRAPES WARM_UP CONNECTIONS gzip|identity     -> one line of JSON
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

namespace {

double seconds(clockid_t clock) {
  timespec time{};
  if (::clock_gettime(clock, &time) != 0) {
    std::perror("scrape_load: clock of the process");
    std::exit(1);
  }
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

// One keep-alive connection.
class Client {
 public:
  Client(int port, bool gzip) : port_(port), buffer_(std::size_t{4} << 20) {
    // What Prometheus 2.42 sends.
    request_ =
        "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: Prometheus/2.42.0\r\n"
        "Accept: application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
        "text/plain;version=0.0.4;q=0.5,*/*;q=0.1\r\n";
    if (gzip) request_ += "Accept-Encoding: gzip\r\n";
    request_ += "X-Prometheus-Scrape-Timeout-Seconds: 10\r\n\r\n";
    connect();
  }
  ~Client() { ::close(socket_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Returns the bytes of the body as they came; 0 when it went wrong.
  std::size_t scrape() {
    if (::send(socket_, request_.data(), request_.size(), MSG_NOSIGNAL) < 0) {
      ::close(socket_);
      connect();
      ::send(socket_, request_.data(), request_.size(), MSG_NOSIGNAL);
    }
    std::size_t held = 0, wanted = 0, head = 0;
    bool chunked = false;
    while (wanted == 0 || held < wanted) {
      const ssize_t got = ::recv(socket_, buffer_.data() + held, buffer_.size() - held, 0);
      if (got <= 0) return 0;
      held += static_cast<std::size_t>(got);
      const std::string_view seen(buffer_.data(), held);
      if (chunked && seen.ends_with("\r\n0\r\n\r\n")) return held - head;
      if (wanted != 0) continue;
      const std::size_t end = seen.find("\r\n\r\n");
      if (end == std::string_view::npos) continue;
      if (!seen.starts_with("HTTP/1.1 200")) return 0;
      head = end + 4;
      const std::size_t at = seen.find("Content-Length: ");
      if (at == std::string_view::npos || at > end) {  // node_exporter sends chunks
        chunked = true;
        wanted = buffer_.size();
        if (seen.ends_with("\r\n0\r\n\r\n")) return held - head;
        continue;
      }
      std::size_t length = 0;
      std::from_chars(buffer_.data() + at + 16, buffer_.data() + end, length);
      wanted = head + length;
    }
    return wanted - head;
  }

 private:
  void connect() {
    socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port_));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      std::perror("scrape_load: connect");
      std::exit(1);
    }
    const int on = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }

  int port_, socket_ = -1;
  std::string request_;
  std::vector<char> buffer_;
};

struct Tally {
  std::vector<double> latencies;
  std::size_t failures = 0, bytes = 0;
};

Tally scrape(int port, bool gzip, int warm_up, int scrapes) {
  Tally tally;
  Client client(port, gzip);
  for (int i = 0; i < warm_up; ++i) client.scrape();
  for (int i = 0; i < scrapes; ++i) {
    const double before = seconds(CLOCK_MONOTONIC);
    const std::size_t bytes = client.scrape();
    tally.latencies.push_back(seconds(CLOCK_MONOTONIC) - before);
    tally.failures += bytes == 0 ? 1 : 0;
    tally.bytes = std::max(tally.bytes, bytes);
  }
  return tally;
}

long resident_kib(int pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::atol(line.c_str() + 6);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 7) {
    std::cerr << "usage: scrape_load PORT PID SCRAPES WARM_UP CONNECTIONS gzip|identity\n";
    return 2;
  }
  const int port = std::atoi(argv[1]), pid = std::atoi(argv[2]), scrapes = std::atoi(argv[3]);
  const int warm_up = std::atoi(argv[4]), connections = std::atoi(argv[5]);
  const bool gzip = std::string_view(argv[6]) == "gzip";
  clockid_t cpu{};
  if (::clock_getcpuclockid(pid, &cpu) != 0) {
    std::cerr << "scrape_load: no process " << pid << '\n';
    return 1;
  }
  scrape(port, gzip, 0, warm_up);
  std::vector<Tally> tallies(static_cast<std::size_t>(connections));
  const double cpu_before = seconds(cpu), before = seconds(CLOCK_MONOTONIC);
  {
    std::vector<std::jthread> threads;
    for (Tally& tally : tallies) {
      threads.emplace_back(
          [&tally, port, gzip, share = scrapes / connections] { tally = scrape(port, gzip, 0, share); });
    }
  }
  const double cpu_used = seconds(cpu) - cpu_before, took = seconds(CLOCK_MONOTONIC) - before;
  Tally all;
  for (const Tally& tally : tallies) {
    all.latencies.insert(all.latencies.end(), tally.latencies.begin(), tally.latencies.end());
    all.failures += tally.failures;
    all.bytes = std::max(all.bytes, tally.bytes);
  }
  std::ranges::sort(all.latencies);
  const auto at = [&](double share) {
    return all.latencies[static_cast<std::size_t>(share * static_cast<double>(all.latencies.size() - 1))] * 1e3;
  };
  const auto done = static_cast<double>(all.latencies.size());
  std::printf(
      "{\"scrapes\": %.0f, \"failures\": %zu, \"bytes\": %zu, \"cpu_ms\": %.4f, \"p50_ms\": %.3f, \"p99_ms\": %.3f, "
      "\"per_second\": %.0f, \"rss_kib\": %ld}\n",
      done, all.failures, all.bytes, cpu_used * 1e3 / done, at(0.5), at(0.99), done / took, resident_kib(pid));
}
