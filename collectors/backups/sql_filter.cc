#include "collectors/backups/sql_filter.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "exporter/text.h"

namespace upkeep::backups {
namespace {

constexpr std::size_t kLineBytes = std::size_t{256} << 10;  // longer ones are data, not statements to look at

bool is_word_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' ||
         (c & 0x80) != 0;
}

// Takes an identifier from the front of `text`, as it is written; empty: there is none.
std::string_view take_identifier(std::string_view& text) {
  std::size_t end = 0;
  if (text.starts_with('"')) {
    for (end = 1; end < text.size(); ++end) {
      if (text[end] != '"') continue;
      if (end + 1 < text.size() && text[end + 1] == '"') {
        ++end;
        continue;
      }
      break;
    }
    end = end < text.size() ? end + 1 : 0;  // 0: it has no end
  } else {
    while (end < text.size() && is_word_byte(text[end])) ++end;
  }
  const std::string_view name = text.substr(0, end);
  text.remove_prefix(end);
  return name;
}

bool is_statement(std::string_view line, std::string_view begins, std::string_view holds = "") {
  return line.starts_with(begins) && line.ends_with(';') && line.find(holds) != std::string_view::npos;
}

// Who owns what, who may do what, and on which disk it lies: roles and tablespaces of the server that was dumped.
bool is_left_out(std::string_view line, bool owns_server) {
  return is_statement(line, "ALTER ", " OWNER TO ") || is_statement(line, "GRANT ", " TO ") ||
         is_statement(line, "REVOKE ", " FROM ") || is_statement(line, "ALTER DEFAULT PRIVILEGES ") ||
         is_statement(line, "SET SESSION AUTHORIZATION ") || is_statement(line, "RESET SESSION AUTHORIZATION") ||
         (is_statement(line, "SET default_tablespace = ") && line != "SET default_tablespace = '';") ||
         is_statement(line, "CREATE TABLESPACE ") || is_statement(line, "ALTER TABLESPACE ") ||
         is_statement(line, "COMMENT ON TABLESPACE ") || (!owns_server && is_statement(line, "COMMENT ON EXTENSION "));
}

// What a whole server has, not one database of it.
bool leaves_database(std::string_view line) {
  constexpr std::array kBegins = {
      "CREATE DATABASE ", "DROP DATABASE ", "ALTER DATABASE ", "CREATE ROLE ",  "DROP ROLE ",
      "ALTER ROLE ",      "CREATE USER ",   "DROP USER ",      "ALTER SYSTEM ", "DROP TABLESPACE ",
  };
  return !line.starts_with("CREATE USER MAPPING ") &&
         std::ranges::any_of(kBegins, [&](std::string_view begin) { return line.starts_with(begin); });
}

// Without ` TABLESPACE = name`.
std::string without_tablespace(std::string_view line) {
  constexpr std::string_view kWord = " TABLESPACE = ";
  const std::size_t at = line.find(kWord);
  if (at == std::string_view::npos) return std::string(line);
  std::string_view rest = line.substr(at + kWord.size());
  take_identifier(rest);
  return std::string(line.substr(0, at)) + std::string(rest);
}

// Of `\connect NAME` and `\connect -reuse-previous=on "dbname='NAME'"`, which stay on the server.
bool stays_on_server(std::string_view argument) {
  constexpr std::string_view kReuse = "-reuse-previous=on ";
  if (!argument.starts_with(kReuse)) {
    return !argument.empty() && std::ranges::all_of(argument, [](char c) { return is_word_byte(c) || c == '.'; });
  }
  argument.remove_prefix(kReuse.size());
  return argument.starts_with("\"dbname='") && argument.find('\'', 9) == argument.size() - 2;
}

std::string shortened(std::string_view line) { return std::string(line.substr(0, 120)); }

std::string_view after(std::string_view line, std::string_view begin) {
  return line.starts_with(begin) ? line.substr(begin.size()) : "";
}

int major_of(std::string_view version) {
  const std::size_t end = std::min(version.find_first_not_of("0123456789"), version.size());
  const auto number = to_u64(version.substr(0, end));
  return number && *number < 1000 ? static_cast<int>(*number) : 0;
}

}  // namespace

SqlHead read_sql_head(std::string_view text) {
  SqlHead head;
  for (std::string_view line : Lines(text)) {
    if (line.starts_with("COPY ") || line.starts_with("INSERT ")) break;
    if (line == "-- PostgreSQL database cluster dump") head.is_cluster = true;
    if (const auto version = after(line, "-- Dumped from database version "); !version.empty()) {
      if (major_of(version) <= head.from_major) continue;
      head.from_version = version.substr(0, 40);
      head.from_major = major_of(version);
    }
    if (const auto version = after(line, "-- Dumped by pg_dump version "); !version.empty()) {
      if (major_of(version) <= head.by_major) continue;
      head.by_version = version.substr(0, 40);
      head.by_major = major_of(version);
    }
    const auto encoding = after(line, "SET client_encoding = '");
    if (!encoding.empty() && head.encoding.empty()) head.encoding = encoding.substr(0, encoding.find('\''));
  }
  if (!std::ranges::all_of(head.encoding, is_word_byte)) head.encoding.clear();
  return head;
}

std::vector<std::string> roles_of(std::string_view line) {
  std::string_view list;
  if (line.starts_with("CREATE POLICY ")) {
    const std::size_t to = line.find(" TO ");
    const std::size_t limit = std::min(line.find(" USING "), line.find(" WITH CHECK "));
    if (to != std::string_view::npos && to < limit) list = line.substr(to + 4);
  } else if (line.starts_with("CREATE USER MAPPING FOR ")) {
    list = after(line, "CREATE USER MAPPING FOR ");
  } else if (is_statement(line, "ALTER ROLE ", " IN DATABASE ")) {
    list = after(line, "ALTER ROLE ");
  }
  std::vector<std::string> roles;
  while (!list.empty()) {
    const std::string_view name = take_identifier(list);
    if (name.empty()) break;
    if (name != "PUBLIC" && name != "public" && name != "CURRENT_USER") roles.emplace_back(name);
    if (!list.starts_with(',')) break;
    list = trim(list.substr(1));
  }
  return roles;
}

Drilled<> SqlFilter::feed(std::string_view bytes, std::string& out) {
  if (!begun_ && !rules_.restrict_key.empty()) out += "\\restrict " + rules_.restrict_key + "\n";
  begun_ = true;
  while (!bytes.empty()) {
    if (in_data_) {
      bytes = take_data(bytes, out);
      continue;
    }
    const std::size_t newline = bytes.find('\n');
    const bool ends = newline != std::string_view::npos;
    const std::string_view part = bytes.substr(0, ends ? newline : bytes.size());
    bytes.remove_prefix(part.size() + (ends ? 1 : 0));
    if (passing_) {
      out += part;
      if (ends) out += '\n';
      passing_ = !ends;
    } else if (ends && line_.empty()) {
      if (auto taken = take_line(part, out); !taken) return taken;
    } else {
      line_ += part;
      if (ends) {
        if (auto taken = take_line(line_, out); !taken) return taken;
        line_.clear();
      } else if (line_.size() > kLineBytes) {
        out += line_;
        line_.clear();
        passing_ = true;
      }
    }
  }
  return {};
}

Drilled<> SqlFilter::finish(std::string& out) {
  if (in_data_) return drill_fails(DrillReason::kRestore, "truncated: the dump ends within the rows of a table");
  if (!line_.empty()) {
    if (auto taken = take_line(line_, out); !taken) return taken;
  }
  if (has_header_ && !complete_)
    return drill_fails(DrillReason::kRestore, "truncated: the dump ends without its completion line");
  return {};
}

// Passes on rows until their end, and returns the rest.
std::string_view SqlFilter::take_data(std::string_view bytes, std::string& out) {
  std::size_t at = 0;
  while (at < bytes.size() && in_data_) {
    const std::size_t newline = bytes.find('\n', at);
    const std::size_t end = std::min(newline, bytes.size());
    if (data_begins_.size() < 4) data_begins_ += bytes.substr(at, std::min(end - at, 4 - data_begins_.size()));
    at = end;
    if (newline == std::string_view::npos) break;
    ++at;
    in_data_ = data_begins_ != "\\." && data_begins_ != "\\.\r";
    if (in_data_) ++copied_rows_;
    data_begins_.clear();
  }
  out += bytes.substr(0, at);
  return bytes.substr(at);
}

void SqlFilter::take_comment(std::string_view line) {
  if (line == "-- PostgreSQL database cluster dump") has_header_ = is_cluster_ = true;
  if (line == "-- PostgreSQL database dump") {
    has_header_ = true;
    if (!is_cluster_) complete_ = false;
  }
  if (line == (is_cluster_ ? "-- PostgreSQL database cluster dump complete" : "-- PostgreSQL database dump complete"))
    complete_ = true;
}

// The commands of psql that dumps have. Whether others are obeyed is for the restriction to say.
Drilled<> SqlFilter::take_backslash(std::string_view line, std::string& out) {
  if (line.starts_with("\\restrict ") || line.starts_with("\\unrestrict ")) return {};  // ours is in force
  if (!line.starts_with("\\connect") && !line.starts_with("\\c ")) {
    out.append(line).append("\n");
    return {};
  }
  const std::string_view argument = trim(line.substr(std::min(line.find(' '), line.size())));
  if (!rules_.owns_server || !stays_on_server(argument)) {
    return drill_fails(DrillReason::kMarker, fmt::format("the dump wants another database: '{}'", shortened(line)));
  }
  if (!rules_.restrict_key.empty()) out += "\\unrestrict " + rules_.restrict_key + "\n";
  out.append(line).append("\n");
  if (!rules_.restrict_key.empty()) out += "\\restrict " + rules_.restrict_key + "\n";
  return {};
}

Drilled<> SqlFilter::take_line(std::string_view line, std::string& out) {
  const std::string_view whole = line;
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.starts_with("--")) take_comment(line);
  if (line.starts_with('\\')) return take_backslash(line, out);
  if (is_left_out(line, rules_.owns_server)) return {};
  if (leaves_database(line) && !rules_.owns_server) {
    return drill_fails(DrillReason::kMarker,
                       fmt::format("the dump wants more than its own database: '{}'", shortened(line)));
  }
  if (rules_.owns_server) {
    for (const std::string& role : roles_of(line)) {
      out += fmt::format("DO $upkeep$ BEGIN CREATE ROLE {}; EXCEPTION WHEN duplicate_object THEN NULL; END $upkeep$;\n",
                         role);
    }
  }
  if (line.starts_with("CREATE DATABASE ")) {
    out.append(without_tablespace(line)).append("\n");
    return {};
  }
  in_data_ = is_statement(line, "COPY ", " FROM stdin");
  out.append(whole).append("\n");
  return {};
}

}  // namespace upkeep::backups
