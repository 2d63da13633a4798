// Names to addresses, by the system's resolver, which may hang for as long as it likes: so on a few threads of its own.
// Threads are made when they are needed. One that hangs is left alone, even beyond the end of the resolver; when all
// of them do, whoever asks is told so at once.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/probes/address.h"
#include "exporter/clock.h"

namespace upkeep::probes {

enum class Family : std::uint8_t { kAny, kIpv4, kIpv6 };

// What is asked and, once it is done, what is known.
struct Lookup {
  std::string host;
  Family family = Family::kAny;
  std::atomic<bool> is_done = false;  // what follows is not touched before, nor changed after
  std::vector<Address> addresses;     // in the order in which they should be tried; empty: none
  std::string message;                // why there is none
};

class Resolver {
 public:
  // `wake` is called by any thread when a lookup is done, never after the end of the resolver. `clock` must live as
  // long as the process.
  Resolver(std::function<void()> wake, const Clock& clock);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // Never waits. A numeric address is done at once. Those who ask the same while it is under way share an answer.
  std::shared_ptr<const Lookup> look_up(std::string_view host, Family family);

  [[nodiscard]] std::size_t threads_waiting() const;  // for an answer

 private:
  struct Shared;
  static void work(const std::shared_ptr<Shared>& shared);
  const std::shared_ptr<Shared> shared_;
};

}  // namespace upkeep::probes
