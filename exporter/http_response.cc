#include "exporter/http_response.h"

#include <fmt/format.h>

#include <chrono>

namespace upkeep {
namespace {

std::string_view reason(int code) {
  switch (code) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    default:
      return code < 500 ? "Error" : "Failure";
  }
}

constexpr std::string_view kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::string_view kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

}  // namespace

std::string_view format_head(const Response& response, Clock::wall_time now, std::span<char> buffer) {
  using namespace std::chrono;
  const auto day = floor<days>(now);
  const year_month_day date(day);
  const hh_mm_ss time(floor<seconds>(now - day));
  const auto written = fmt::format_to_n(
      buffer.data(), buffer.size(),
      "HTTP/1.1 {} {}\r\nDate: {}, {:02} {} {:04} {:02}:{:02}:{:02} GMT\r\nContent-Type: {}\r\nContent-Length: {}\r\n"
      "{}{}\r\n",
      response.code, reason(response.code), kDays[weekday(day).c_encoding()], static_cast<unsigned>(date.day()),
      kMonths[static_cast<unsigned>(date.month()) - 1], static_cast<int>(date.year()), time.hours().count(),
      time.minutes().count(), time.seconds().count(), response.content_type, response.body.size(),
      response.more_headers, response.close ? "Connection: close\r\n" : "");
  if (written.size > buffer.size()) return {};
  return {buffer.data(), written.size};
}

}  // namespace upkeep
