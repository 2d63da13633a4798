// A line of the file, in one piece:
//   verified 2049 131 10485760 1790000000123456789 0 1790000042 1.5 1 10485760 good gzip_sql backups/db_2026.sql.gz
// that is: device, inode, size, time of change in ns, whether it is a directory, when verifying ended, how many seconds
// it took, coverage, bytes read, verdict, format, path.
//   newest 1790000000123456789 10485760
// says of a backup that was the newest once when it was written and how large it is.
#include "collectors/backups/records.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "exporter/limits.h"
#include "exporter/text.h"

namespace upkeep::backups {
namespace {

constexpr std::string_view kGood = "good";

std::string_view verdict_of(Reason reason) { return reason == Reason::kNone ? kGood : to_string(reason); }

std::optional<Reason> to_reason(std::string_view word) {
  for (int i = 0; i <= static_cast<int>(Reason::kStopped); ++i) {
    if (word == verdict_of(static_cast<Reason>(i))) return static_cast<Reason>(i);
  }
  return std::nullopt;
}

// One word, whatever is in it: what is no visible ASCII becomes %20, and so does the percent sign.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c > ' ' && c < 0x7F && c != '%') {
      out += c;
    } else {
      out += fmt::format("%{:02x}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::string unescaped(std::string_view word) {
  std::string out;
  for (std::size_t at = 0; at < word.size(); ++at) {
    const auto code = word[at] == '%' && at + 2 < word.size() ? to_u64(word.substr(at + 1, 2), 16) : std::nullopt;
    out += code ? static_cast<char>(*code) : word[at];
    if (code) at += 2;
  }
  return out;
}

// A number that is not negative and not beyond all measure.
std::optional<double> to_amount(std::string_view word) {
  const auto number = to_number(word);
  if (!number || !std::isfinite(*number) || *number < 0 || *number > 1e18) return std::nullopt;
  return number;
}

}  // namespace

void Records::parse_line(std::string_view line) {
  Words words(line);
  const std::string_view kind = words.next();
  if (kind == "newest") {
    const auto modified = to_i64(words.next());
    const auto size = to_u64(words.next());
    if (modified && size && history_.size() < kHistory) history_.push_back({*modified, *size});
    return;
  }
  if (kind != "verified" || records_.size() >= limits::kBackupFiles) return;
  const auto device = to_u64(words.next()), inode = to_u64(words.next()), size = to_u64(words.next());
  const auto modified = to_i64(words.next());
  const auto is_directory = to_u64(words.next());
  const auto when = to_amount(words.next()), seconds = to_amount(words.next()), coverage = to_amount(words.next());
  const auto read_bytes = to_u64(words.next());
  const auto reason = to_reason(words.next());
  const std::string_view format = words.next(), path = words.next();
  const bool whole = device && inode && size && modified && is_directory && when && seconds && coverage && read_bytes &&
                     reason && !path.empty() && words.next().empty();
  if (!whole || *coverage > 1) return;
  add({.file = {.path = unescaped(path),
                .is_directory = *is_directory != 0,
                .device = *device,
                .inode = *inode,
                .size_bytes = *size,
                .modified_ns = *modified},
       .reason = *reason,
       .format = unescaped(format == "-" ? "" : format),
       .when = *when,
       .seconds = *seconds,
       .coverage = *coverage,
       .read_bytes = *read_bytes});
}

Records Records::parse(std::string_view text) {
  Records records;
  for (const std::string_view line : Lines(text)) records.parse_line(line);
  const auto by_time = [&](const auto& one, const auto& other) {
    return one.second.file.modified_ns < other.second.file.modified_ns;
  };
  const auto newest = std::ranges::max_element(records.records_, by_time);
  if (newest != records.records_.end()) records.newest_ = newest->first;
  for (const auto& [key, record] : records.records_) {
    const Record* best = records.at(records.newest_good_);
    if (record.good() && (best == nullptr || best->file.modified_ns < record.file.modified_ns))
      records.newest_good_ = key;
  }
  records.changed_ = false;
  return records;
}

std::string Records::to_text() const {
  std::string text;
  for (const Newest& newest : history_) text += fmt::format("newest {} {}\n", newest.modified_ns, newest.size_bytes);
  for (const auto& [key, record] : records_) {
    const BackupFile& file = record.file;
    text += fmt::format("verified {} {} {} {} {} {:.3f} {:.3f} {} {} {} {} {}\n", file.device, file.inode,
                        file.size_bytes, file.modified_ns, file.is_directory ? 1 : 0, record.when, record.seconds,
                        record.coverage, record.read_bytes, verdict_of(record.reason),
                        record.format.empty() ? "-" : escaped(record.format), escaped(file.path));
  }
  return text;
}

void Records::add(Record record) {
  changed_ = true;
  const Key key = key_of(record.file);
  records_.insert_or_assign(key, std::move(record));
}

const Record* Records::at(const std::optional<Key>& key) const {
  const auto found = key ? records_.find(*key) : records_.end();
  return found == records_.end() ? nullptr : &found->second;
}

const Record* Records::find(const BackupFile& file) const { return at(key_of(file)); }

void Records::keep_only(std::span<const BackupFile> present) {
  std::vector<Key> keys;
  for (const BackupFile& file : present) keys.push_back(key_of(file));
  std::ranges::sort(keys);
  const auto is_over = [&](const auto& item) {
    const Key& key = item.first;
    return key != newest_ && key != newest_good_ && !std::ranges::binary_search(keys, key);
  };
  changed_ = std::erase_if(records_, is_over) > 0 || changed_;
}

const Record* Records::newest(std::span<const BackupFile> complete) {
  const auto known = std::ranges::find_if(complete, [&](const BackupFile& file) { return find(file) != nullptr; });
  if (known != complete.end()) newest_ = key_of(*known);
  return at(newest_);
}

const Record* Records::newest_good(std::span<const BackupFile> complete) {
  const auto known = std::ranges::find_if(complete, [&](const BackupFile& file) {
    const Record* record = find(file);
    return record != nullptr && record->good();
  });
  if (known != complete.end()) newest_good_ = key_of(*known);
  return at(newest_good_);
}

void Records::see_newest(const BackupFile& file) {
  const Newest newest{file.modified_ns, file.size_bytes};
  if (!history_.empty() && history_.front().modified_ns >= newest.modified_ns) {
    // An older one is the newest now: the others were removed, and count no more.
    const auto is_gone = [&](const Newest& other) { return other.modified_ns > newest.modified_ns; };
    changed_ = std::erase_if(history_, is_gone) > 0 || changed_;
  }
  if (!history_.empty() && history_.front() == newest) return;
  history_.insert(history_.begin(), newest);
  if (history_.size() > kHistory) history_.resize(kHistory);
  changed_ = true;
}

}  // namespace upkeep::backups
