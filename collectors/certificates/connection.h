// One visit to one server, step by step as its socket allows.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "collectors/certificates/visit.h"

namespace upkeep::certificates {

class Connection {
 public:
  Connection(const Destination& destination, const Tour& tour);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // What poll() is to wait for: a descriptor below 0 while the name is looked up.
  [[nodiscard]] int descriptor() const { return socket_; }
  [[nodiscard]] short events() const;
  // When advance() is to be called, whatever comes.
  [[nodiscard]] Clock::time_point deadline() const;
  // Does all that can be done without waiting.
  void advance();
  [[nodiscard]] bool is_done() const { return stage_ == Stage::kDone; }
  Visited take_result() { return std::move(result_); }

 private:
  enum class Stage : std::uint8_t { kResolving, kConnecting, kTalking, kShaking, kDone };
  void end(Failure failure, std::string why);
  void look_for_addresses();
  void connect_to_next(Failure failure, std::string why);
  bool finish_connecting();
  void converse();
  bool flush();
  std::optional<std::string_view> receive();
  void speak(std::string_view received);
  void shake(std::string_view received);
  void check_time();
  void close();

  const Destination& to_;
  const Tour& tour_;
  const Clock::time_point end_;  // of all of it
  Stage stage_ = Stage::kResolving;
  std::shared_ptr<Resolver::Question> question_;
  std::vector<Address> addresses_;  // the next one to try is the last
  Clock::time_point attempt_end_{}, begun_{};
  int socket_ = -1;
  std::string unsent_;
  std::string room_;
  std::unique_ptr<Preamble> preamble_;
  std::unique_ptr<Handshake> handshake_;
  Visited result_;
};

}  // namespace upkeep::certificates
