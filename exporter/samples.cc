#include "exporter/samples.h"

#include <algorithm>

#include "exporter/exposition_text.h"

namespace upkeep {

namespace {

// Where the labels `names` with these values end, which begin at `at` and are not escaped; null when they do not.
inline const char* skip_labels(const char* at, const char* end, const std::string_view* names,
                               std::span<const std::string_view> values) {
  for (const std::string_view value : values) {
    constexpr std::size_t kAround = 3;  // `{` or `,`, `=` and `"`
    at += names++->size() + kAround;
    if (static_cast<std::ptrdiff_t>(value.size()) >= end - at) return nullptr;
    if (std::string_view(at, value.size()) != value) return nullptr;
    at += value.size();
    if (*at++ != '"') return nullptr;
  }
  return at;
}

}  // namespace

// A text without escapes has two quotes a label and no others. So when all of it is equal, each value is, too.
bool are_labels(const LabelPiece& front, const LabelPiece& rest, const MetricDesc& desc,
                std::span<const std::string_view> values) {
  if (values.size() != front.labels + rest.labels || values.size() > desc.label_count) return false;
  if (values.empty()) return true;  // ` `
  const std::string_view* names = desc.labels.data();
  if (const std::size_t first = front.labels; first != 0) {
    const char* const middle = front.text.data() + front.text.size();
    if (skip_labels(front.text.data(), middle, names, values.first(first)) != middle) return false;
    names += first;
    values = values.subspan(first);
  }
  const char* const end = rest.text.data() + rest.text.size();
  const char* const at = skip_labels(rest.text.data(), end, names, values);
  return at != nullptr && end - at == 2;  // `} `
}

LabelStore::Id LabelStore::intern(std::string_view text) {
  if (const auto found = ids_.find(text); found != ids_.end()) return found->second;
  const auto quotes = static_cast<std::size_t>(std::ranges::count(text, '"'));
  const std::size_t labels = text.contains('\\') ? LabelPiece::kEscaped : quotes / 2;
  const auto id = static_cast<Id>(pieces_.size());
  ids_.emplace(pieces_.emplace_back(LabelPiece{std::string(text), labels}).text, id);
  return id;
}

char* write_lines(const Samples& samples, const Layout::Family& family, bool header, LineRange range, char* at) {
  if (header) at = write_text(at, family.header);
  const std::vector<const LabelPiece*>& pieces = samples.layout->pieces;
  const std::string_view name = family.desc->name;
  for (std::size_t line = range.begin; line < range.end; ++line) {
    at = write_text(at, name);
    const Layout::Line& labels = samples.layout->lines[line];
    if (labels.front != LabelStore::kEmpty) at = write_text(at, pieces[labels.front]->text);
    at = write_text(at, pieces[labels.rest]->text);
    at = write_value(at, samples.values[line]);
    *at++ = '\n';
  }
  return at;
}

std::size_t bytes_at_most(const Samples& samples, const Layout::Family& family, bool header, LineRange range) {
  constexpr std::size_t kEnd = 1;
  const std::vector<const LabelPiece*>& pieces = samples.layout->pieces;
  std::size_t bytes = header ? family.header.size() : 0;
  for (std::size_t line = range.begin; line < range.end; ++line) {
    const Layout::Line& labels = samples.layout->lines[line];
    bytes += family.desc->name.size() + pieces[labels.front]->text.size() + pieces[labels.rest]->text.size() +
             kValueBytes + kEnd;
  }
  return bytes;
}

std::string text_of(const Samples& samples) {
  std::string text;
  for (const Layout::Family& family : samples.layout->families) {
    const std::size_t before = text.size();
    text.resize_and_overwrite(before + family.bytes_at_most, [&](char* data, std::size_t) {
      return static_cast<std::size_t>(write_family(samples, family, true, data + before) - data);
    });
  }
  return text;
}

}  // namespace upkeep
