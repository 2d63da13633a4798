// A UDP socket that speaks with one address.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "collectors/probes/address.h"
#include "exporter/result.h"

namespace upkeep::probes {

class Datagram {
 public:
  static Result<Datagram> open(const Address& address, std::uint16_t port);
  ~Datagram();
  Datagram(Datagram&& other) noexcept;
  Datagram& operator=(Datagram&& other) = delete;
  Datagram(const Datagram&) = delete;
  Datagram& operator=(const Datagram&) = delete;

  Result<> send(std::string_view message) const;
  // kNotFound: nothing has come yet. kPermission: nobody listens there, as a message to send may say, too.
  Result<std::string> receive() const;
  [[nodiscard]] int fd() const { return fd_; }

 private:
  explicit Datagram(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace upkeep::probes
