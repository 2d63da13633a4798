// From names to addresses, without ever waiting: getaddrinfo() can hang for as long as it likes, and cannot be stopped.
// So it runs on threads of its own, of which there are at most limits::kResolverThreads, those left behind included.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace upkeep::certificates {

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
};
std::string to_string(const Address& address);  // "127.0.0.1", "::1"

enum class Lookup : std::uint8_t {
  kWaiting,
  kFound,
  kFailed,  // there is no such name, or whom to ask did not answer
  kBusy,    // every thread hangs in a lookup of another pass: nobody is asked
};

// What getaddrinfo() does, for tests to replace: fills `addresses`, and returns "" or what is wrong.
using LookUp = std::function<std::string(const std::string& host, int port, std::vector<Address>& addresses)>;
std::string look_up(const std::string& host, int port, std::vector<Address>& addresses);

// May go while lookups run: these end on their own, and tell nobody.
class Resolver {
 public:
  // `descriptor` of woken() becomes readable when a lookup has ended.
  explicit Resolver(LookUp how = look_up);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // One name that was asked for. Whoever lets go of it is not told any more.
  class Question {
   public:
    virtual ~Question() = default;
    [[nodiscard]] virtual Lookup state() const = 0;
    virtual std::vector<Address> take_addresses() = 0;  // once, when found
    [[nodiscard]] virtual std::string why() const = 0;  // when failed
  };
  std::shared_ptr<Question> ask(const std::string& host, int port);

  [[nodiscard]] int woken() const;  // an eventfd
  void forget_wakes();
  // From now on, threads that still wait for an answer count as hanging.
  void begin_pass();
  [[nodiscard]] std::size_t threads() const;  // that are looking something up

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

// "10.0.0.1", "::1": needs no lookup.
bool parse_address(const std::string& host, int port, Address& address);

}  // namespace upkeep::certificates
