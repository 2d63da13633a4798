#include "exporter/http_response.h"

#include <gtest/gtest.h>

#include <array>

namespace upkeep {
namespace {

using namespace std::chrono_literals;

std::string head(const Response& response, Clock::wall_time now = Clock::wall_time(784'111'777s)) {
  std::array<char, 512> buffer{};
  return std::string(format_head(response, now, buffer));
}

TEST(HttpResponse, Head) {
  EXPECT_EQ(head({.body = "ok\n"}),
            "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Type: text/plain; charset=utf-8\r\n"
            "Content-Length: 3\r\n\r\n");
  EXPECT_EQ(head({.code = 405, .content_type = "text/html", .more_headers = "Allow: GET\r\n", .close = true}),
            "HTTP/1.1 405 Method Not Allowed\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Type: text/html\r\n"
            "Content-Length: 0\r\nAllow: GET\r\nConnection: close\r\n\r\n");
}

TEST(HttpResponse, Reasons) {
  const auto f = [](int code, std::string_view line) {
    EXPECT_TRUE(head({.code = code}).starts_with("HTTP/1.1 " + std::string(line) + "\r\n")) << head({.code = code});
  };
  f(400, "400 Bad Request");
  f(403, "403 Forbidden");
  f(404, "404 Not Found");
  f(431, "431 Request Header Fields Too Large");
  f(500, "500 Internal Server Error");
  f(503, "503 Service Unavailable");
  f(413, "413 Error");
  f(505, "505 Failure");
}

TEST(HttpResponse, Dates) {
  const auto f = [](std::chrono::seconds unix_time, std::string_view date) {
    EXPECT_NE(head({}, Clock::wall_time(unix_time)).find("\r\nDate: " + std::string(date) + "\r\n"), std::string::npos)
        << head({}, Clock::wall_time(unix_time));
  };
  f(0s, "Thu, 01 Jan 1970 00:00:00 GMT");
  f(951'782'400s, "Tue, 29 Feb 2000 00:00:00 GMT");
  f(1'767'225'599s, "Wed, 31 Dec 2025 23:59:59 GMT");
}

TEST(HttpResponse, AHeadThatDoesNotFitIsNone) {
  std::array<char, 64> small{};
  EXPECT_EQ(format_head({}, {}, small), "");
}

}  // namespace
}  // namespace upkeep
