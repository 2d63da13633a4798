#include "collectors/certificates/resolver.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>

#include "exporter/limits.h"

namespace upkeep::certificates {
namespace {

constexpr std::size_t kAddresses = 8;  // of a name, that are tried

class Asked final : public Resolver::Question {
 public:
  Asked(std::string host, int port) : host_(std::move(host)), port_(port) {}

  [[nodiscard]] Lookup state() const override {
    const std::lock_guard lock(mutex_);
    return state_;
  }
  std::vector<Address> take_addresses() override {
    const std::lock_guard lock(mutex_);
    return std::move(addresses_);
  }
  [[nodiscard]] std::string why() const override {
    const std::lock_guard lock(mutex_);
    return why_;
  }

  void refuse() {
    const std::lock_guard lock(mutex_);
    state_ = Lookup::kBusy;
  }
  void answer(const LookUp& how) {
    std::vector<Address> addresses;
    std::string why = how(host_, port_, addresses);
    const std::lock_guard lock(mutex_);
    if (addresses.size() > kAddresses) addresses.resize(kAddresses);
    state_ = why.empty() && !addresses.empty() ? Lookup::kFound : Lookup::kFailed;
    addresses_ = std::move(addresses);
    why_ = std::move(why);
  }

 private:
  const std::string host_;
  const int port_;
  mutable std::mutex mutex_;
  Lookup state_ = Lookup::kWaiting;
  std::vector<Address> addresses_;
  std::string why_;
};

}  // namespace

// What the threads share with their master, and keep when it goes.
struct Resolver::Shared {
  explicit Shared(LookUp look_up) : how(std::move(look_up)), event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
  ~Shared() {
    if (event >= 0) ::close(event);
  }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;

  const LookUp how;
  const int event;
  mutable std::mutex mutex;
  std::deque<std::weak_ptr<Asked>> queue;
  std::size_t threads = 0;
  std::size_t asking = 0;   // of them, that wait for an answer
  std::size_t hanging = 0;  // of these, since before this pass
  std::uint64_t pass = 0;

  // Until there is nothing more to look up.
  void work() {
    std::unique_lock lock(mutex);
    while (!queue.empty()) {
      const std::shared_ptr<Asked> next = queue.front().lock();
      queue.pop_front();
      if (!next) continue;
      const std::uint64_t begun = pass;
      ++asking;
      lock.unlock();
      next->answer(how);
      const std::uint64_t one = 1;
      static_cast<void>(::write(event, &one, sizeof one));
      lock.lock();
      --asking;
      if (begun != pass && hanging > 0) --hanging;
    }
    --threads;
  }
};

std::string to_string(const Address& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const void* bytes = &reinterpret_cast<const sockaddr_in&>(address.storage).sin_addr;
  if (address.storage.ss_family == AF_INET6) bytes = &reinterpret_cast<const sockaddr_in6&>(address.storage).sin6_addr;
  const char* const written = ::inet_ntop(address.storage.ss_family, bytes, text.data(), text.size());
  return written == nullptr ? "" : written;
}

std::string look_up(const std::string& host, int port, std::vector<Address>& addresses) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (error != 0) return ::gai_strerror(error);
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    if (one->ai_addrlen > sizeof(sockaddr_storage)) continue;
    Address& address = addresses.emplace_back();
    std::memcpy(&address.storage, one->ai_addr, one->ai_addrlen);
    address.size = one->ai_addrlen;
  }
  ::freeaddrinfo(found);
  return "";
}

bool parse_address(const std::string& host, int port, Address& address) {
  auto& four = reinterpret_cast<sockaddr_in&>(address.storage);
  auto& six = reinterpret_cast<sockaddr_in6&>(address.storage);
  if (::inet_pton(AF_INET, host.c_str(), &four.sin_addr) == 1) {
    four.sin_family = AF_INET;
    four.sin_port = htons(static_cast<std::uint16_t>(port));
    address.size = sizeof four;
    return true;
  }
  if (::inet_pton(AF_INET6, host.c_str(), &six.sin6_addr) != 1) return false;
  six.sin6_family = AF_INET6;
  six.sin6_port = htons(static_cast<std::uint16_t>(port));
  address.size = sizeof six;
  return true;
}

Resolver::Resolver(LookUp how) : shared_(std::make_shared<Shared>(std::move(how))) {}
Resolver::~Resolver() = default;

std::shared_ptr<Resolver::Question> Resolver::ask(const std::string& host, int port) {
  auto asked = std::make_shared<Asked>(host, port);
  const std::lock_guard lock(shared_->mutex);
  if (shared_->hanging >= limits::kResolverThreads) {
    asked->refuse();
    return asked;
  }
  shared_->queue.push_back(asked);
  if (shared_->threads >= limits::kResolverThreads) return asked;  // one of them takes it
  try {
    std::thread([shared = shared_] { shared->work(); }).detach();
    ++shared_->threads;
  } catch (const std::system_error&) {
    if (shared_->threads > 0) return asked;
    shared_->queue.clear();
    asked->refuse();
  }
  return asked;
}

int Resolver::woken() const { return shared_->event; }

void Resolver::forget_wakes() {
  std::uint64_t count = 0;
  static_cast<void>(::read(shared_->event, &count, sizeof count));
}

void Resolver::begin_pass() {
  const std::lock_guard lock(shared_->mutex);
  ++shared_->pass;
  shared_->hanging = shared_->asking;
}

std::size_t Resolver::threads() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->threads;
}

}  // namespace upkeep::certificates
