#include "exporter/kernel.h"

#include <gtest/gtest.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/timex.h>

#include <cstring>

namespace upkeep {
namespace {

std::string link_request() {
  struct {
    nlmsghdr header;
    ifinfomsg info;
  } request{};
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = RTM_GETLINK;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  std::string bytes(sizeof request, '\0');
  std::memcpy(bytes.data(), &request, sizeof request);
  return bytes;
}

TEST(Kernel, DumpsEveryInterfaceAgainAndAgain) {
  const auto netlink = make_kernel()->open_netlink(NETLINK_ROUTE);
  for (int run = 0; run < 3; ++run) {
    const auto answer = netlink->dump(link_request());
    ASSERT_TRUE(answer) << answer.error().message;
    nlmsghdr first{};
    ASSERT_GE(answer->size(), sizeof first);
    std::memcpy(&first, answer->data(), sizeof first);
    EXPECT_EQ(first.nlmsg_type, RTM_NEWLINK);  // lo, if nothing else
  }
}

TEST(Kernel, RefusedRequestsAreErrorsAndTheNextOneWorks) {
  const auto netlink = make_kernel()->open_netlink(NETLINK_ROUTE);
  std::string nonsense = link_request();
  nonsense[4] = '\x7f';  // no such message type
  EXPECT_FALSE(netlink->dump(nonsense));
  EXPECT_TRUE(netlink->dump(link_request()));
  EXPECT_FALSE(netlink->dump("short"));
}

TEST(Kernel, OneDumpServesTwoReadersOfAScrape) {
  const auto kernel = make_kernel();
  const auto first = kernel->open_netlink(NETLINK_ROUTE);
  const auto second = kernel->open_netlink(NETLINK_ROUTE);
  bool shared = false;
  for (int tries = 0; tries < 100 && !shared; ++tries) {  // a busy machine may take longer between the two
    const std::string dumped(first->dump(link_request()).value());
    shared = second->dump(link_request()).value() == dumped;  // sockets have numbers of their own in their answers
  }
  EXPECT_TRUE(shared);
}

TEST(Kernel, NobodyIsGivenTheSameDumpTwice) {
  const auto kernel = make_kernel();
  const auto netlink = kernel->open_netlink(NETLINK_ROUTE);
  const std::string before(netlink->dump(link_request()).value());
  EXPECT_NE(netlink->dump(link_request()).value(), before);  // requests are numbered
}

TEST(Kernel, AsksForFileSystemsAndTime) {
  const auto kernel = make_kernel("/");
  const auto usage = kernel->statfs("/");
  ASSERT_TRUE(usage);
  EXPECT_GT(usage->size_bytes, usage->free_bytes);
  EXPECT_GE(usage->free_bytes, usage->available_bytes);
  const auto missing = kernel->statfs("/does/not/exist");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().message, "/does/not/exist: No such file or directory");
  timex time{};
  EXPECT_TRUE(kernel->adjtimex(time));
  EXPECT_GT(time.tick, 0);
  EXPECT_STREQ(kernel->uname()->sysname, "Linux");
}

}  // namespace
}  // namespace upkeep
