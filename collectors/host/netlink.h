// Netlink requests and answers: building the one, walking the other without trusting a length in it.
// https://docs.kernel.org/userspace-api/netlink/intro.html
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace upkeep {

// The bytes of a structure.
template <class T>
std::string_view bytes_of(const T& object) {
  static_assert(std::is_trivially_copyable_v<T>);
  return {reinterpret_cast<const char*>(&object), sizeof object};
}

// A structure at the start of `bytes`; nothing when they are too few. Answers need not be aligned.
template <class T>
std::optional<T> structure_in(std::string_view bytes) {
  static_assert(std::is_trivially_copyable_v<T>);
  if (bytes.size() < sizeof(T)) return std::nullopt;
  T object;
  std::memcpy(&object, bytes.data(), sizeof object);
  return object;
}

// A request for a whole table: an nlmsghdr of this type with NLM_F_DUMP, then `body`, the family's own header.
std::string netlink_dump_request(std::uint16_t type, std::string_view body);

// The messages of an answer, one by one: `while (walk.next()) ... walk.type() ... walk.payload()`. A message cut short
// ends the walk, and broken() says so.
class NetlinkMessages {
 public:
  explicit NetlinkMessages(std::string_view answer) : rest_(answer) {}
  bool next();
  [[nodiscard]] std::uint16_t type() const { return type_; }
  [[nodiscard]] std::string_view payload() const { return payload_; }
  [[nodiscard]] bool broken() const { return broken_; }

 private:
  std::string_view rest_, payload_;
  std::uint16_t type_ = 0;
  bool broken_ = false;
};

// The attributes that follow a message's own header, likewise.
class NetlinkAttributes {
 public:
  explicit NetlinkAttributes(std::string_view attributes) : rest_(attributes) {}
  bool next();
  // Without the flag bits that nested attributes carry.
  [[nodiscard]] std::uint16_t type() const { return type_; }
  [[nodiscard]] std::string_view value() const { return value_; }
  // The value up to its first NUL.
  [[nodiscard]] std::string_view text() const { return value_.substr(0, value_.find('\0')); }
  template <class T>
  [[nodiscard]] std::optional<T> as() const {
    return structure_in<T>(value_);
  }
  [[nodiscard]] bool broken() const { return broken_; }

 private:
  std::string_view rest_, value_;
  std::uint16_t type_ = 0;
  bool broken_ = false;
};

}  // namespace upkeep
