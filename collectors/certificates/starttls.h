// What is said before TLS begins on a connection that begins without it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace upkeep::certificates {

enum class Starttls : std::uint8_t { kNone, kSmtp, kImap, kPop3, kFtp, kLdap, kPostgres };
inline constexpr std::string_view kStarttlsWords[] = {"none", "smtp", "imap", "pop3", "ftp", "ldap", "postgres"};
Starttls starttls_of(std::string_view word);  // one of the words
int usual_port(Starttls protocol);

// The client's side of such a talk. Wants to be told all that the server says, in pieces of any size.
class Preamble {
 public:
  enum class State : std::uint8_t { kMore, kReady, kRefused };
  virtual ~Preamble() = default;
  // `received` is what came since the last call; nothing at the first one. Adds to `out` what is to be sent. kRefused:
  // why() says what the server said; so is what comes before TLS and was not asked for.
  State step(std::string_view received, std::string& out);
  [[nodiscard]] const std::string& why() const { return why_; }

  static constexpr std::size_t kBytes = std::size_t{16} << 10;  // that a server may say before TLS

 protected:
  // Takes one thing that the server says off the front of `text`, if it is whole. Nothing: it is not.
  virtual std::optional<State> take(std::string_view& text, std::string& out) = 0;
  // What the client says first, where it does.
  virtual std::string_view greeting() { return ""; }
  State refuse(std::string_view answer);

 private:
  std::string pending_, why_;
  bool begun_ = false;
};

// Null for kNone.
std::unique_ptr<Preamble> make_preamble(Starttls protocol);

}  // namespace upkeep::certificates
