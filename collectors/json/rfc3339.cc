#include "collectors/json/rfc3339.h"

#include <algorithm>
#include <chrono>

#include "exporter/text.h"

namespace upkeep::json {

double parse_rfc3339(std::string_view text) {
  const auto number = [&](std::size_t at, std::size_t length) -> int {
    if (at + length > text.size()) return -1;
    const auto value = to_u64(text.substr(at, length));
    return value ? static_cast<int>(*value) : -1;
  };
  if (text.size() < 20 || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' || text[16] != ':') {
    return 0;
  }
  using namespace std::chrono;
  const int y = number(0, 4), mo = number(5, 2), d = number(8, 2);
  const int h = number(11, 2), mi = number(14, 2), s = number(17, 2);
  const year_month_day date{year{y}, month{static_cast<unsigned>(mo)}, day{static_cast<unsigned>(d)}};
  if (y < 1970 || mo < 1 || d < 1 || !date.ok() || h < 0 || h > 23 || mi < 0 || mi > 59 || s < 0 || s > 60) return 0;
  double seconds = static_cast<double>(sys_days(date).time_since_epoch().count()) * 86400 + h * 3600 + mi * 60 + s;
  std::size_t at = 19;
  if (text[at] == '.') {
    const std::size_t begin = at++;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
    seconds += to_number(text.substr(begin, std::min<std::size_t>(at - begin, 10))).value_or(0);
  }
  if (at < text.size() && (text[at] == '+' || text[at] == '-')) {
    const int hours = number(at + 1, 2), minutes = number(at + 4, 2);
    if (hours < 0 || minutes < 0) return 0;
    seconds -= (text[at] == '+' ? 1 : -1) * (hours * 3600 + minutes * 60);
  }
  return std::max(seconds, 0.0);
}

}  // namespace upkeep::json
