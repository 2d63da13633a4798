#include "collectors/probes/resolver.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "exporter/limits.h"

namespace upkeep::probes {
namespace {

using namespace std::chrono_literals;

constexpr auto kHangs = 2s;  // a lookup that takes longer
constexpr std::string_view kAllHang = "every thread waits for a name server that is silent";

Address address_of(const sockaddr& from) {
  Address address;
  if (from.sa_family == AF_INET6) {
    address.is_v6 = true;
    std::memcpy(address.bytes.data(), &reinterpret_cast<const sockaddr_in6&>(from).sin6_addr, 16);
  } else {
    std::memcpy(address.bytes.data(), &reinterpret_cast<const sockaddr_in&>(from).sin_addr, 4);
  }
  return address;
}

void resolve(Lookup& lookup) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_family = lookup.family == Family::kAny ? AF_UNSPEC : lookup.family == Family::kIpv4 ? AF_INET : AF_INET6;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  const int code = ::getaddrinfo(lookup.host.c_str(), nullptr, &hints, &found);
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    if (one->ai_family == AF_INET || one->ai_family == AF_INET6) lookup.addresses.push_back(address_of(*one->ai_addr));
  }
  if (found != nullptr) ::freeaddrinfo(found);
  if (lookup.addresses.empty()) lookup.message = code != 0 ? ::gai_strerror(code) : "no address";
}

bool fits(const Address& address, Family family) {
  return family == Family::kAny || (family == Family::kIpv6) == address.is_v6;
}

}  // namespace

// What the threads share with their master. One that is left behind is the last to hold it.
struct Resolver::Shared {
  struct Job {
    std::shared_ptr<Lookup> lookup;
    Clock::time_point begun{};  // by a thread; the epoch: it waits
  };
  using Key = std::pair<std::string, Family>;

  explicit Shared(const Clock& time) : clock(time) {}

  const Clock& clock;
  mutable std::mutex mutex;  // guards what follows
  std::condition_variable changed;
  std::function<void()> wake;  // empty: nobody is there any more
  std::map<Key, Job> jobs;     // that are not done
  std::deque<Key> waiting;
  std::size_t threads = 0, idle = 0;
  bool stopped = false;

  [[nodiscard]] bool all_hang() const {
    const auto hangs = [now = clock.now()](const auto& item) {
      return item.second.begun != Clock::time_point{} && now - item.second.begun > kHangs;
    };
    return static_cast<std::size_t>(std::ranges::count_if(jobs, hangs)) >= limits::kResolverThreads;
  }
  // Nobody knows when it would be their turn.
  void give_up_waiting() {
    for (const Key& key : waiting) {
      const auto job = jobs.find(key);
      job->second.lookup->message = kAllHang;
      job->second.lookup->is_done = true;
      jobs.erase(job);
    }
    if (!waiting.empty() && wake) wake();
    waiting.clear();
  }
};

Resolver::Resolver(std::function<void()> wake, const Clock& clock) : shared_(std::make_shared<Shared>(clock)) {
  shared_->wake = std::move(wake);
}

Resolver::~Resolver() {
  const std::lock_guard lock(shared_->mutex);
  shared_->wake = nullptr;
  shared_->stopped = true;
  shared_->changed.notify_all();
}

void Resolver::work(const std::shared_ptr<Shared>& shared) {
  Shared& own = *shared;
  std::unique_lock lock(own.mutex);
  while (!own.stopped) {
    if (own.waiting.empty()) {
      ++own.idle;
      own.changed.wait(lock);
      --own.idle;
      continue;
    }
    const Shared::Key key = std::move(own.waiting.front());
    own.waiting.pop_front();
    Shared::Job& job = own.jobs.at(key);
    job.begun = own.clock.now();
    const std::shared_ptr<Lookup> lookup = job.lookup;
    lock.unlock();
    resolve(*lookup);
    lock.lock();
    own.jobs.erase(key);
    lookup->is_done = true;
    if (own.wake) own.wake();
  }
}

std::shared_ptr<const Lookup> Resolver::look_up(std::string_view host, Family family) {
  const auto done = [&](std::vector<Address> addresses, std::string message) {
    auto lookup = std::make_shared<Lookup>();
    lookup->host = host;
    lookup->addresses = std::move(addresses);
    lookup->message = std::move(message);
    lookup->is_done = true;
    return lookup;
  };
  if (const auto address = parse_address(host)) {
    if (fits(*address, family)) return done({*address}, {});
    return done({}, "an address of the other kind");
  }
  const std::lock_guard lock(shared_->mutex);
  Shared& own = *shared_;
  const Shared::Key key(host, family);
  const bool all_hang = own.all_hang();
  if (all_hang) own.give_up_waiting();
  if (const auto found = own.jobs.find(key); found != own.jobs.end()) return found->second.lookup;
  if (all_hang) return done({}, std::string(kAllHang));
  if (own.idle <= own.waiting.size() && own.threads < limits::kResolverThreads) {
    try {
      std::thread([shared = shared_] { work(shared); }).detach();
      ++own.threads;
    } catch (const std::system_error&) {
      if (own.threads == 0) return done({}, "no thread to look it up");
    }
  }
  auto lookup = std::make_shared<Lookup>();
  lookup->host = host;
  lookup->family = family;
  own.jobs.emplace(key, Shared::Job{.lookup = lookup});
  own.waiting.push_back(key);
  own.changed.notify_one();
  return lookup;
}

std::size_t Resolver::threads_waiting() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->jobs.size() - shared_->waiting.size();
}

}  // namespace upkeep::probes
