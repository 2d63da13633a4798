#include "collectors/certificates/starttls.h"

#include <algorithm>
#include <array>
#include <span>

#include "exporter/text.h"

namespace upkeep::certificates {
namespace {

using std::string_view_literals::operator""sv;

// A line without its end; nothing: it is not whole.
std::optional<std::string_view> take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  while (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// SMTP (RFC 3207) and FTP (RFC 4217): replies of three digits, of which all lines but the last have a hyphen after
// them.
class Replies final : public Preamble {
 public:
  struct Step {
    std::string_view expected;  // how the reply begins
    std::string_view answer;    // what is said then; nothing: TLS begins
  };
  explicit Replies(std::span<const Step> steps) : steps_(steps) {}

 private:
  std::optional<State> take(std::string_view& text, std::string& out) override {
    const auto line = take_line(text);
    if (!line) return std::nullopt;
    const bool is_reply = line->size() >= 3 && to_u64(line->substr(0, 3)).has_value();
    if (code_.empty()) {
      if (!is_reply) return refuse(*line);
      code_ = line->substr(0, 3);
    }
    // Within a reply of several lines anything may stand.
    if (!line->starts_with(code_) || (line->size() > 3 && (*line)[3] == '-')) return State::kMore;
    code_.clear();
    const Step& step = steps_.front();
    if (!line->starts_with(step.expected)) return refuse(*line);
    steps_ = steps_.subspan(1);
    out += step.answer;
    return step.answer.empty() ? State::kReady : State::kMore;
  }

  std::span<const Step> steps_;
  std::string code_;
};

constexpr std::array kSmtp = {Replies::Step{"220", "EHLO upkeep\r\n"}, Replies::Step{"250", "STARTTLS\r\n"},
                              Replies::Step{"220", ""}};
constexpr std::array kFtp = {Replies::Step{"220", "AUTH TLS\r\n"}, Replies::Step{"234", ""}};

// RFC 3501: "* OK ...", then answers that begin with our own word.
class Imap final : public Preamble {
  std::optional<State> take(std::string_view& text, std::string& out) override {
    const auto line = take_line(text);
    if (!line) return std::nullopt;
    if (!greeted_) {
      if (!line->starts_with("* OK") && !line->starts_with("* PREAUTH")) return refuse(*line);
      greeted_ = true;
      out += "upkeep STARTTLS\r\n";
      return State::kMore;
    }
    if (line->starts_with("* ")) return State::kMore;
    return line->starts_with("upkeep OK") ? State::kReady : refuse(*line);
  }
  bool greeted_ = false;
};

// RFC 2595.
class Pop3 final : public Preamble {
  std::optional<State> take(std::string_view& text, std::string& out) override {
    const auto line = take_line(text);
    if (!line) return std::nullopt;
    if (!line->starts_with("+OK")) return refuse(*line);
    if (greeted_) return State::kReady;
    greeted_ = true;
    out += "STLS\r\n";
    return State::kMore;
  }
  bool greeted_ = false;
};

// SSLRequest. https://www.postgresql.org/docs/current/protocol-message-formats.html
class Postgres final : public Preamble {
  std::string_view greeting() override { return "\x00\x00\x00\x08\x04\xd2\x16\x2f"sv; }
  std::optional<State> take(std::string_view& text, std::string& /*out*/) override {
    const char answer = text.front();
    if (answer == 'S') {
      text.remove_prefix(1);
      return State::kReady;
    }
    return refuse(answer == 'N' ? "ssl is off"sv : text);
  }
};

// RFC 4511: the extended request 1.3.6.1.4.1.1466.20037, and the result code of its answer.
class Ldap final : public Preamble {
  std::string_view greeting() override {
    return "\x30\x1d\x02\x01\x01\x77\x18\x80\x16"
           "1.3.6.1.4.1.1466.20037"sv;
  }

  // The content of the next element of BER, and its tag. Nothing: it is not all there.
  struct Element {
    unsigned char tag;
    std::string_view content;
  };
  static std::optional<Element> take_element(std::string_view& text) {
    constexpr unsigned char kLong = 0x80;
    if (text.size() < 2) return std::nullopt;
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
    std::size_t size = byte(1);
    std::size_t begin = 2;
    if ((size & kLong) != 0) {
      const std::size_t digits = size & ~std::size_t{kLong};
      if (digits == 0 || digits > 4) return Element{0, {}};  // none that a server would write
      if (text.size() < begin + digits) return std::nullopt;
      size = 0;
      for (std::size_t i = 0; i < digits; ++i) size = size << 8 | byte(begin + i);
      begin += digits;
    }
    if (text.size() - begin < size) return std::nullopt;
    const Element element{byte(0), text.substr(begin, size)};
    text.remove_prefix(begin + size);
    return element;
  }

  std::optional<State> take(std::string_view& text, std::string& /*out*/) override {
    constexpr unsigned char kSequence = 0x30, kInteger = 0x02, kExtendedResponse = 0x78, kEnumerated = 0x0a;
    if (static_cast<unsigned char>(text.front()) != kSequence) return refuse("no answer of LDAP");
    const auto message = take_element(text);
    if (!message) return std::nullopt;
    std::string_view inside = message->content;
    const auto id = take_element(inside);
    const auto response = take_element(inside);
    if (!id || id->tag != kInteger || !response || response->tag != kExtendedResponse)
      return refuse("no answer to StartTLS");
    inside = response->content;
    const auto code = take_element(inside);
    if (!code || code->tag != kEnumerated || code->content.size() != 1) return refuse("no result code");
    if (code->content.front() != 0)
      return refuse("result code " + std::to_string(static_cast<unsigned char>(code->content.front())));
    return State::kReady;
  }
};

}  // namespace

Starttls starttls_of(std::string_view word) {
  const auto* const found = std::ranges::find(kStarttlsWords, word);
  return static_cast<Starttls>(found == std::end(kStarttlsWords) ? 0 : found - std::begin(kStarttlsWords));
}

int usual_port(Starttls protocol) {
  constexpr int kPorts[] = {443, 25, 143, 110, 21, 389, 5432};
  return kPorts[static_cast<std::size_t>(protocol)];
}

Preamble::State Preamble::refuse(std::string_view answer) {
  constexpr std::size_t kShown = 100;
  why_ = "the server does not begin TLS: ";
  for (const char c : answer.substr(0, kShown)) why_ += c >= ' ' && c <= '~' ? c : '?';
  return State::kRefused;
}

Preamble::State Preamble::step(std::string_view received, std::string& out) {
  if (!begun_) out += greeting();
  begun_ = true;
  if (received.size() > kBytes - std::min(pending_.size(), kBytes)) return refuse("it says too much");
  pending_ += received;
  std::string_view rest = pending_;
  while (!rest.empty()) {
    const auto state = take(rest, out);
    if (!state) break;
    if (*state == State::kReady && !rest.empty()) return refuse("it goes on in the clear");
    if (*state != State::kMore) return *state;
  }
  pending_.erase(0, pending_.size() - rest.size());
  return State::kMore;
}

std::unique_ptr<Preamble> make_preamble(Starttls protocol) {
  switch (protocol) {
    case Starttls::kSmtp:
      return std::make_unique<Replies>(kSmtp);
    case Starttls::kFtp:
      return std::make_unique<Replies>(kFtp);
    case Starttls::kImap:
      return std::make_unique<Imap>();
    case Starttls::kPop3:
      return std::make_unique<Pop3>();
    case Starttls::kLdap:
      return std::make_unique<Ldap>();
    case Starttls::kPostgres:
      return std::make_unique<Postgres>();
    case Starttls::kNone:
      break;
  }
  return nullptr;
}

}  // namespace upkeep::certificates
