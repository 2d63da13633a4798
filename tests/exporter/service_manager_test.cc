// Against a real datagram socket, as systemd makes it.
#include "exporter/service_manager.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string>

namespace upkeep {
namespace {

class ServiceManager : public ::testing::Test {
 protected:
  // An abstract socket: the kernel chooses its name.
  void SetUp() override {
    socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    ASSERT_GE(socket_, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    ASSERT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(sa_family_t)), 0);
    socklen_t length = sizeof address;
    ASSERT_EQ(::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &length), 0);
    const std::size_t name_length = length - sizeof(sa_family_t);
    name_ = "@" + std::string(address.sun_path + 1, name_length - 1);
  }
  void TearDown() override {
    ::close(socket_);
    for (const char* variable : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) ::unsetenv(variable);
  }

  void listen_there() { ::setenv("NOTIFY_SOCKET", name_.c_str(), 1); }
  // The next message, "" when there is none. A datagram on a local socket is there as soon as it is sent.
  std::string received() const {
    std::array<char, 512> buffer{};
    const ssize_t length = ::recv(socket_, buffer.data(), buffer.size(), 0);
    return length < 0 ? "" : std::string(buffer.data(), static_cast<std::size_t>(length));
  }

 private:
  int socket_ = -1;
  std::string name_;
};

TEST_F(ServiceManager, SaysHowTheServiceFares) {
  listen_there();
  service_manager::ready();
  EXPECT_EQ(received(), "READY=1");
  service_manager::stopping();
  EXPECT_EQ(received(), "STOPPING=1");
  service_manager::feed();
  EXPECT_EQ(received(), "WATCHDOG=1");
  service_manager::status("12 collectors are fine");
  EXPECT_EQ(received(), "STATUS=12 collectors are fine");
}

TEST_F(ServiceManager, SaysWhenAReloadBegan) {
  listen_there();
  service_manager::reloading();
  const std::string message = received();
  EXPECT_TRUE(message.starts_with("RELOADING=1\nMONOTONIC_USEC=")) << message;
  EXPECT_GT(std::stoll(message.substr(message.rfind('=') + 1)), 0);
}

TEST_F(ServiceManager, StatusIsOneLine) {
  listen_there();
  service_manager::status("one\nREADY=1");
  EXPECT_EQ(received(), "STATUS=one");
}

TEST_F(ServiceManager, IsSilentWithoutSystemd) {
  service_manager::ready();
  service_manager::reloading();
  service_manager::stopping();
  service_manager::status("x");
  service_manager::feed();
  EXPECT_EQ(received(), "");
  EXPECT_EQ(service_manager::watchdog_interval(), std::nullopt);
}

TEST_F(ServiceManager, KnowsTheWatchdogsInterval) {
  ::setenv("WATCHDOG_USEC", "30000000", 1);
  EXPECT_EQ(service_manager::watchdog_interval(), std::chrono::seconds(30));
  ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
  EXPECT_EQ(service_manager::watchdog_interval(), std::chrono::seconds(30));
  ::setenv("WATCHDOG_PID", "1", 1);  // meant for another process
  EXPECT_EQ(service_manager::watchdog_interval(), std::nullopt);
}

}  // namespace
}  // namespace upkeep
