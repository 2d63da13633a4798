// The head of a response, as text.
#pragma once

#include <span>
#include <string_view>

#include "exporter/clock.h"

namespace upkeep {

struct Response {
  int code = 200;
  std::string_view content_type = "text/plain; charset=utf-8";
  std::string_view more_headers = {};  // whole lines, each ended by \r\n
  std::string_view body = {};
  bool close = false;  // the connection ends with it
};

// Writes the head of `response`, up to and with the empty line, into `buffer`; empty when it does not fit.
std::string_view format_head(const Response& response, Clock::wall_time now, std::span<char> buffer);

}  // namespace upkeep
