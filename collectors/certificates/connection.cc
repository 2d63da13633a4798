#include "collectors/certificates/connection.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

namespace upkeep::certificates {
namespace {

constexpr std::size_t kRoom = std::size_t{16} << 10;

std::string words_of(int error_number) { return std::generic_category().message(error_number); }

Failure failure_of(int error_number) {
  switch (error_number) {
    case ECONNREFUSED:
      return Failure::kRefused;
    case ENETUNREACH:
    case EHOSTUNREACH:
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
      return Failure::kUnreachable;
    case ETIMEDOUT:
      return Failure::kTimeout;
    case ECONNRESET:
    case EPIPE:
      return Failure::kLost;
    default:
      return Failure::kOther;
  }
}

bool is_patience(int error_number) { return error_number == EAGAIN || error_number == EINTR; }

}  // namespace

Connection::Connection(const Destination& destination, const Tour& tour)
    : to_(destination), tour_(tour), end_(std::min(tour.clock.now() + destination.timeout, tour.deadline)) {
  Address address;
  if (!to_.trust) {
    end(Failure::kTrust, "ca_file cannot be read");
  } else if (parse_address(to_.host, to_.port, address)) {
    addresses_.push_back(address);
    connect_to_next(Failure::kUnreachable, "no address");
  } else {
    question_ = tour_.resolver.ask(to_.host, to_.port);
  }
}

Connection::~Connection() { close(); }

void Connection::close() {
  if (socket_ >= 0) ::close(std::exchange(socket_, -1));
}

short Connection::events() const {
  if (stage_ == Stage::kConnecting || !unsent_.empty()) return POLLOUT;
  return POLLIN;
}

Clock::time_point Connection::deadline() const { return stage_ == Stage::kConnecting ? attempt_end_ : end_; }

void Connection::end(Failure failure, std::string why) {
  close();
  stage_ = Stage::kDone;
  result_.failure = failure;
  result_.why = std::move(why);
  handshake_.reset();
  question_.reset();
}

void Connection::advance() {
  if (stage_ == Stage::kResolving) look_for_addresses();
  if (stage_ == Stage::kConnecting && !finish_connecting()) return check_time();
  if (stage_ == Stage::kTalking || stage_ == Stage::kShaking) converse();
  check_time();
}

void Connection::check_time() {
  const auto now = tour_.clock.now();
  if (stage_ == Stage::kConnecting && now >= attempt_end_ && now < end_)
    return connect_to_next(Failure::kTimeout, "nobody answers");
  if (stage_ == Stage::kDone || now < end_) return;
  if (stage_ == Stage::kResolving) return end(Failure::kDnsTimeout, "no name server answers");
  end(Failure::kTimeout, stage_ == Stage::kConnecting ? "nobody answers" : "it does not go on");
}

void Connection::look_for_addresses() {
  switch (question_->state()) {
    case Lookup::kWaiting:
      return;
    case Lookup::kBusy:
      return end(Failure::kDnsBusy, "all threads for lookups hang");
    case Lookup::kFailed:
      return end(Failure::kDns, to_.host + ": " + question_->why());
    case Lookup::kFound:
      break;
  }
  addresses_ = question_->take_addresses();
  std::ranges::reverse(addresses_);
  connect_to_next(Failure::kUnreachable, "no address");
}

// Of several addresses none may take the time of all. `failure` and `why`: of the one before.
void Connection::connect_to_next(Failure failure, std::string why) {
  while (!addresses_.empty()) {
    close();
    const Address address = addresses_.back();
    const auto now = tour_.clock.now();
    attempt_end_ = now + (end_ - now) / static_cast<int>(addresses_.size());
    addresses_.pop_back();
    result_.address = to_string(address);
    begun_ = now;
    socket_ = ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (socket_ >= 0) {
      const int result = ::connect(socket_, reinterpret_cast<const sockaddr*>(&address.storage), address.size);
      if (result == 0 || errno == EINPROGRESS) {
        stage_ = Stage::kConnecting;
        return;
      }
    }
    failure = failure_of(errno);
    why = words_of(errno);
  }
  end(failure, std::move(why));
}

bool Connection::finish_connecting() {
  pollfd ready{.fd = socket_, .events = POLLOUT, .revents = 0};
  if (::poll(&ready, 1, 0) <= 0) return false;
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) {
    connect_to_next(failure_of(error), words_of(error));
    return false;
  }
  addresses_.clear();
  preamble_ = make_preamble(to_.starttls);
  stage_ = preamble_ ? Stage::kTalking : Stage::kShaking;
  if (preamble_) {
    speak("");
  } else {
    shake("");
  }
  return true;
}

// False: more is to be sent, or it is over.
bool Connection::flush() {
  while (!unsent_.empty()) {
    const ssize_t sent = ::send(socket_, unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
    if (sent < 0 && is_patience(errno)) return false;
    if (sent < 0) {
      end(failure_of(errno), words_of(errno));
      return false;
    }
    unsent_.erase(0, static_cast<std::size_t>(sent));
  }
  return true;
}

// Nothing: there is nothing yet, or it is over.
std::optional<std::string_view> Connection::receive() {
  room_.resize(kRoom);
  const ssize_t got = ::recv(socket_, room_.data(), room_.size(), 0);
  if (got > 0) return std::string_view(room_).substr(0, static_cast<std::size_t>(got));
  if (got < 0 && is_patience(errno)) return std::nullopt;
  if (got == 0) {
    end(Failure::kLost, "it hung up");
  } else {
    end(failure_of(errno), words_of(errno));
  }
  return std::nullopt;
}

void Connection::converse() {
  // A server that never stops talking shall not keep the others waiting.
  constexpr int kPiecesAtOnce = 16;
  for (int i = 0; i < kPiecesAtOnce && stage_ != Stage::kDone && flush(); ++i) {
    const auto received = receive();
    if (!received) return;
    if (stage_ == Stage::kTalking) {
      speak(*received);
    } else {
      shake(*received);
    }
  }
}

void Connection::speak(std::string_view received) {
  switch (preamble_->step(received, unsent_)) {
    case Preamble::State::kMore:
      return;
    case Preamble::State::kRefused:
      return end(Failure::kStarttls, preamble_->why());
    case Preamble::State::kReady:
      break;
  }
  stage_ = Stage::kShaking;
  shake("");
}

void Connection::shake(std::string_view received) {
  if (!handshake_) handshake_ = tour_.library.handshake(to_.server_name, to_.trust);
  if (!handshake_) return end(Failure::kOther, "out of memory");
  switch (handshake_->step(received, unsent_)) {
    case Handshake::State::kMore:
      return;
    case Handshake::State::kFailed:
      return end(Failure::kHandshake, handshake_->failure());
    case Handshake::State::kServed:
      break;
  }
  result_.seconds = to_seconds(tour_.clock.now() - begun_);
  // The farewell is a courtesy: what does not fit is not waited for.
  static_cast<void>(::send(socket_, unsent_.data(), unsent_.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
  Served served = handshake_->served(static_cast<std::int64_t>(unix_seconds(tour_.clock.wall())));
  if (served.chain.empty()) return end(Failure::kHandshake, "its certificate cannot be decoded");
  result_.served = std::move(served);
  end(Failure::kNone, "");
}

}  // namespace upkeep::certificates
